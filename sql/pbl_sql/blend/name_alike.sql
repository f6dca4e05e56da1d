-- Which target name and which sample has each row, where the ids don't hold a target name?
-- $column the one target name; {rows} the aligned rows
CREATE OR REPLACE TABLE named AS
SELECT *, $column AS name, id AS sample
FROM {rows}
