-- Which numbers of a file can't be taken by the method? How many, and the first of them.
-- $low, $high, $limit, and the $parameters of {used}; {file} the file, {number} its number, {value} the cell, {used} which
-- rows have a part in the blend
SELECT row, id, {value} AS value, count(*) OVER () AS found
FROM {file}
WHERE NOT ({number} BETWEEN $low AND $high) AND {used}
ORDER BY row
LIMIT $limit
