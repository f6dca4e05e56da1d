-- How many rows were gathered, are they all good and in place, and what are their numbers like?
-- no $parameters; {misplaced} the rows out of place, {profile} the numbers' ranges
SELECT count(*) AS rows, count(*) FILTER (WHERE NOT good) AS bad, {misplaced} AS misplaced, {profile}
FROM numbers
