-- Which ids of a file differ by case or Unicode normalisation only?
-- $limit rows at most, NULL for all; {table} the file
SELECT count(*) OVER () AS n, row, id, other AS value
FROM (
    SELECT row, id, min(id) OVER alike AS low, max(id) OVER alike AS high,
        CASE WHEN id = min(id) OVER alike THEN max(id) OVER alike ELSE min(id) OVER alike END AS other
    FROM {table}
    WINDOW alike AS (PARTITION BY lower(nfc_normalize(id)))
)
WHERE low <> high
ORDER BY row LIMIT $limit
