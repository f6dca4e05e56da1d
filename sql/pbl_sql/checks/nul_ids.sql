-- Which ids have a NUL character? How many there are stands in each row.
-- $limit rows at most, NULL for all; {table} the file
SELECT row, id, count(*) OVER () AS n FROM {table} WHERE contains(id, chr(0)) ORDER BY row LIMIT $limit
