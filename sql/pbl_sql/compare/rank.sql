-- What is the rank of each number n of some rows? Equal numbers have the mean of their ranks.
-- no $parameters; {column} the rows. How many are less, and how many are not more, tell it: one sort serves both
(SELECT row, (rank() OVER up + count(*) OVER up) / 2.0 AS rank FROM ({column}) WINDOW up AS (ORDER BY n) ORDER BY row)
