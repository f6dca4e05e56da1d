-- Which submissions were logged under more than one label?
-- no $parameters; runs is the answer to runs.sql
SELECT sha256, list(DISTINCT label ORDER BY label) AS labels, count(DISTINCT run_id) AS runs
FROM runs
WHERE sha256 IS NOT NULL
GROUP BY sha256
HAVING count(DISTINCT label) > 1
ORDER BY min(n)
