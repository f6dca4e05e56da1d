-- Which cells of one column break a rule?
-- the $parameters of {pillars}; {column} its place, {code} its code, {value} its number
SELECT p, {column} AS col, {code} AS code, id, {value} AS value
FROM ({pillars})
WHERE {code} IS NOT NULL
