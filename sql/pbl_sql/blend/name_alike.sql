-- Which target name and which sample has each row, where ids don't say so?
-- $column the one name; {rows} the aligned rows
CREATE OR REPLACE TEMP TABLE named AS
SELECT *, $column AS name, id AS sample
FROM {rows}
