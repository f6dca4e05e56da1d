-- How many rows were gathered, and what are their numbers like?
-- the $parameters of {profile}: the numbers' ranges, and what else is to be known
SELECT count(*) AS rows, {profile}
FROM numbers
