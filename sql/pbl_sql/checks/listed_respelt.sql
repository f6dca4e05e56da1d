-- Which ids are spelt differently, and how should they be spelt? Each row also has their number.
-- $edged a regular expression of blanks at an edge, $limit rows at most, NULL for all
SELECT count(*) OVER () AS n, row, id, meant AS value
FROM respelt WHERE NOT regexp_matches(id, $edged)
ORDER BY row LIMIT $limit
