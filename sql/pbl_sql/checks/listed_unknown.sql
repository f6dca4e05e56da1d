-- Which ids are unknown, except those that are spelt differently or have blanks at an edge? Each row also has their number.
-- $edged a regular expression of blanks at an edge, $limit rows at most, NULL for all
SELECT count(*) OVER () AS n, row, id, NULL AS value
FROM unknown WHERE id NOT IN (SELECT id FROM respelt) AND NOT regexp_matches(id, $edged)
ORDER BY row LIMIT $limit
