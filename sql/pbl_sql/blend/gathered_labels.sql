-- How many different values have some of the gathered columns? Asked of whole numbers only: counting them is slow.
-- no $parameters; {counts} a count for each of the columns
SELECT {counts}
FROM numbers
