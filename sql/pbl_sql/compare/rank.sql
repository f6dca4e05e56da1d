-- What is the rank of each number n of some rows? Equal numbers get the mean of their ranks.
-- no $parameters; {column} the rows. The rank is the mean of the first and the last of equal numbers: one sort gives both
(SELECT row, (rank() OVER up + count(*) OVER up) / 2.0 AS rank FROM ({column}) WINDOW up AS (ORDER BY n) ORDER BY row)
