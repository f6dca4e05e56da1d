-- Between which numbers do all pillars and the blend lie, by target name? And how many rows stand beside another's blend?
-- no $parameters; {low} and {high} the least and the largest of a row
SELECT place, min({low}) AS low, max({high}) AS high, count(*) AS rows, count(*) FILTER (WHERE off) AS off
FROM lines
GROUP BY place
ORDER BY place
