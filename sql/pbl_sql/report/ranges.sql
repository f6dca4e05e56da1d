-- What is the range of all pillars and the blend, by target name? And how many rows are beside the blend of another row?
-- no $parameters; {low} and {high} the least and the largest of a row
SELECT place, min({low}) AS low, max({high}) AS high, count(*) AS rows, count(*) FILTER (WHERE off) AS off
FROM lines
GROUP BY place
ORDER BY place
