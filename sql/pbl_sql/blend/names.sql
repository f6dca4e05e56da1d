-- How many samples are there, how many rows has the rarest target name, and which wanted names are there?
-- $wanted target names
SELECT
    (SELECT count(DISTINCT sample) FROM named) AS samples,
    min(rows) AS fewest,
    coalesce(list(name ORDER BY name) FILTER (WHERE list_contains($wanted::VARCHAR[], name)), []) AS known
FROM (SELECT name, count(*) AS rows FROM named GROUP BY name)
