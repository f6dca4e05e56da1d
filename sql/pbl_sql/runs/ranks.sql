-- Do CV and the public leaderboard put the runs of one metric in the same order? rho is Spearman's, of average ranks.
-- $label the label of the runs, or NULL for all; runs is the answer to runs.sql
WITH merits AS (  -- the greater the better, whichever way the metric goes; a negative error is a negated one
    SELECT
        metric,
        CASE sense WHEN 'error' THEN -abs(cv) WHEN 'cost' THEN -cv ELSE cv END AS cv,
        CASE sense WHEN 'error' THEN -abs(public) WHEN 'cost' THEN -public ELSE public END AS public
    FROM runs
    WHERE cv IS NOT NULL AND public IS NOT NULL AND sense <> ''
        AND ($label::VARCHAR IS NULL OR label = $label::VARCHAR)
),
ranked AS (
    SELECT
        metric, cv, public,
        rank() OVER (PARTITION BY metric ORDER BY cv) + (count(*) OVER (PARTITION BY metric, cv) - 1) / 2.0 AS cv_rank,
        rank() OVER (PARTITION BY metric ORDER BY public)
            + (count(*) OVER (PARTITION BY metric, public) - 1) / 2.0 AS public_rank,
        max(public) OVER (PARTITION BY metric ORDER BY cv RANGE UNBOUNDED PRECEDING EXCLUDE GROUP) AS best_below
    FROM merits
)
SELECT
    metric, count(*) AS runs,
    CASE WHEN min(cv) < max(cv) AND min(public) < max(public) THEN corr(cv_rank, public_rank) END AS rho
FROM ranked
GROUP BY metric
HAVING count(*) FILTER (WHERE best_below > public) > 0
ORDER BY metric
