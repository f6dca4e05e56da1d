-- Which ids are missing, except those that the file spells differently? Each row also has their number.
-- $limit rows at most, NULL for all
SELECT count(*) OVER () AS n, NULL AS row, id, NULL AS value
FROM missing WHERE row NOT IN (SELECT meant_row FROM respelt)
ORDER BY missing.row LIMIT $limit
