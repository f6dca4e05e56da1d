-- What is the blend of each row? Asked once, and the answer kept, in the rows' order.
-- the $parameters of {blend}; {columns} the sums s0, s1, ... and the blend b0, b1, ...
CREATE OR REPLACE TEMP TABLE blended AS
SELECT row, {columns} FROM {blend} AS b
