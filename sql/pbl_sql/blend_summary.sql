-- How many rows has the blend, how many are no number or clipped, what is its range, and which pillar is below the bound?
-- the $parameters of {blend}; {lowest}, {highest}, {mean} over all targets, {broken} and {below} conditions
SELECT
    count(*) AS rows,
    count(*) FILTER (WHERE {broken}) AS broken,
    count(*) FILTER (WHERE clipped) AS clipped,
    {lowest} AS lowest, {highest} AS highest, {mean} AS mean,
    {below}
FROM {blend} AS b
