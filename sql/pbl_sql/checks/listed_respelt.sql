-- Which ids are spelt otherwise, and how should they be?
-- $edged a regular expression, $limit rows at most, NULL for all
SELECT count(*) OVER () AS n, row, id, meant AS value
FROM respelt WHERE NOT regexp_matches(id, $edged)
ORDER BY row LIMIT $limit
