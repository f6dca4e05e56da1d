-- How many rows has the blend, how many are not numbers or are clipped, what is its range, and which pillar is below the bound?
-- the $parameters of {blend}; {lowest}, {highest}, {mean} over all targets, {counts} of rows that meet a condition
SELECT
    count(*) AS rows,
    {lowest} AS lowest, {highest} AS highest, {mean} AS mean,
    {counts}
FROM {blend} AS b
