-- What is the rank of each number of one pillar, less the mean of all ranks, as a part of $rows?
-- $rows how many there are; {table} the name of the answer, {ranks} its column, {number} the pillar's. Equal numbers have
-- the mean of their ranks: how many are less, and how many are not more, tell it. One sort serves both, of one column
CREATE OR REPLACE TEMP TABLE {table} AS
SELECT row, ((rank() OVER up + count(*) OVER up) / 2.0 - ($rows + 1) / 2.0)::DOUBLE / $rows AS {ranks}
FROM (SELECT row, CASE WHEN {number} = 0 THEN 0.0 ELSE {number} END AS n FROM long)
WINDOW up AS (ORDER BY n)
ORDER BY row
