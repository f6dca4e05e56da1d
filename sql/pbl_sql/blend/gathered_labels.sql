-- How many values has each of some gathered columns? Asked of whole numbers only: to count takes longer than all the rest.
-- {counts} a count for each of the columns
SELECT {counts}
FROM numbers
