-- Between which numbers do all pillars and the blend lie, by target name, and over all?
-- no $parameters; {low} and {high} the least and the largest of a row
CREATE OR REPLACE TEMP TABLE ranges AS
SELECT name, min({low}) AS low, max({high}) AS high, count(*) AS rows, count(*) FILTER (WHERE apart) AS apart
FROM lines
GROUP BY name
