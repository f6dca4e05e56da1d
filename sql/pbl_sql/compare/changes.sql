-- By how much do two blends of the same rows, in one order, differ?
-- the $parameters of {blend}, the other one, and $size, a power of two to multiply by; {squares} the sum of the squares of
-- a row's differences, {largest} the largest of them
SELECT favg({squares}) AS square, max({largest}) AS largest,
    count(*) FILTER (WHERE a.row IS DISTINCT FROM b.row) AS apart
FROM blended AS a POSITIONAL JOIN {blend} AS b
