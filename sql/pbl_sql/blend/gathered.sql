-- How many rows were gathered, and what are their numbers like?
-- the $parameters of {profile}; {profile} the ranges of the numbers and the other columns of the answer
SELECT count(*) AS rows, {profile}
FROM numbers
