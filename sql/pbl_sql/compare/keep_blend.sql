-- What is the blend of each row? Asked once, and the answer kept.
-- the $parameters of {blend}; {table} the name of the answer, {columns} the blend b0, b1, ...
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT row, {columns} FROM {blend} AS b ORDER BY row
