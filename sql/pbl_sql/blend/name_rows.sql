-- Which target name and which sample has each row, as its id says?
-- $split the pattern of sample, separator and name, $separator, $column the name of ids without one; {rows} the aligned rows
CREATE OR REPLACE TEMP TABLE named AS
SELECT *,
    CASE WHEN contains(id, $separator) THEN regexp_extract(id, $split, 2) ELSE $column END AS name,
    CASE WHEN contains(id, $separator) THEN regexp_extract(id, $split, 1) ELSE id END AS sample
FROM {rows}
