-- Which ids are missing, those spelt otherwise aside? How many there are stands in each row.
-- $limit rows at most, NULL for all
SELECT count(*) OVER () AS n, NULL AS row, id, NULL AS value
FROM missing WHERE row NOT IN (SELECT meant_row FROM respelt)
ORDER BY missing.row LIMIT $limit
