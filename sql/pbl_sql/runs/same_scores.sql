-- Which score rows are under more than one label, unless all are of one submission? Grouped by the labels.
-- no $parameters; runs is the answer to runs.sql
SELECT labels, count(*) AS rows, arg_min(pillar, n) AS pillar, arg_min(model, n) AS model, arg_min(cv, n) AS cv
FROM (
    SELECT list(DISTINCT label ORDER BY label) AS labels, pillar, model, cv, min(n) AS n
    FROM runs
    WHERE cv IS NOT NULL
    GROUP BY pillar, model, cv, full_cv
    HAVING count(DISTINCT label) > 1 AND (count(sha256) < count(*) OR count(DISTINCT sha256) > 1)
)
GROUP BY labels
ORDER BY min(n)
