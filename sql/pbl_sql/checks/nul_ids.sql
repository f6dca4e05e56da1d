-- Which ids have a NUL character? Each row also has their number.
-- $limit rows at most, NULL for all; {table} the file
SELECT row, id, count(*) OVER () AS n FROM {table} WHERE contains(id, chr(0)) ORDER BY row LIMIT $limit
