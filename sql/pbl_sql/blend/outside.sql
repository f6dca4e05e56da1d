-- Which numbers of a file can the method not take? How many, and the first of them.
-- $low, $high, $limit, and the $parameters of {used}; {file} the file, {number} its number, {value} the cell, {used} whether
-- a row has a part in the blend
SELECT row, id, {value} AS value, count(*) OVER () AS found
FROM {file}
WHERE NOT ({number} BETWEEN $low AND $high) AND {used}
ORDER BY row
LIMIT $limit
