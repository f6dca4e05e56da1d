-- What is the blend of each row? The answer is kept, in the order of the rows.
-- the $parameters of {blend}; {columns} the sums s0, s1, ... and the blend b0, b1, ...
CREATE OR REPLACE TABLE blended AS
SELECT row, {columns} FROM {blend} AS b
