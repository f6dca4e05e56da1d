-- Which ids are unknown, those spelt otherwise and those with a fault of their own aside?
-- $edged a regular expression, $limit rows at most, NULL for all
SELECT count(*) OVER () AS n, row, id, NULL AS value
FROM unknown WHERE id NOT IN (SELECT id FROM respelt) AND NOT regexp_matches(id, $edged)
ORDER BY row LIMIT $limit
