-- What is the rank of each number of one column in its file and target name, from 0 to 1?
-- no $parameters; {table} the name of the answer, {column} the numbers, {rank} the rank of a number n: equal numbers get
-- the mean of their ranks
CREATE OR REPLACE TABLE {table} AS
SELECT row, {rank} AS rank
FROM (SELECT row, name, CASE WHEN {column} = 0 THEN 0.0 ELSE {column} END AS n FROM named)
ORDER BY row
