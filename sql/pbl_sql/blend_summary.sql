-- How many rows has the blend, how many are no number or clipped, and what is its range?
-- no $parameters; {lowest}, {highest}, {mean} over all targets, {broken} the condition of a row that is no number
SELECT
    count(*) AS rows,
    count(*) FILTER (WHERE {broken}) AS broken,
    count(*) FILTER (WHERE clipped) AS clipped,
    {lowest} AS lowest, {highest} AS highest, {mean} AS mean
FROM blended
