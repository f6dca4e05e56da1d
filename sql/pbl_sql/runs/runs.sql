-- Which runs are in the logs, and what is the newest of each of their scores?
-- $facts a JSON object of equally long lists: n (the order of the rows), run_id, pillar, model, label, metric, sense (which
-- way it goes, or empty), sha256, later (whether the row adds a score), place (Kaggle's order of its scores, or null), cv,
-- full_cv, public, private
CREATE TABLE runs AS
WITH facts AS MATERIALIZED (
    SELECT
        unnest(f.n) AS n, unnest(f.run_id) AS run_id, unnest(f.pillar) AS pillar, unnest(f.model) AS model,
        unnest(f.label) AS label, unnest(f.metric) AS metric, unnest(f.sense) AS sense, unnest(f.sha256) AS sha256,
        unnest(f.later) AS later, unnest(f.place) AS place, unnest(f.cv) AS cv, unnest(f.full_cv) AS full_cv,
        unnest(f.public) AS public, unnest(f.private) AS private
    FROM (
        SELECT from_json(
            $facts::VARCHAR,
            '{"n": ["BIGINT"], "run_id": ["VARCHAR"], "pillar": ["VARCHAR"], "model": ["VARCHAR"], "label": ["VARCHAR"],
              "metric": ["VARCHAR"], "sense": ["VARCHAR"], "sha256": ["VARCHAR"], "later": ["BOOLEAN"],
              "place": ["BIGINT"], "cv": ["DOUBLE"], "full_cv": ["DOUBLE"], "public": ["DOUBLE"], "private": ["DOUBLE"]}'
        ) AS f
    )
),
scores AS (
    SELECT run_id, pillar, model, n, place, 'cv' AS kind, cv AS score FROM facts WHERE cv IS NOT NULL
    UNION ALL SELECT run_id, pillar, model, n, place, 'full_cv', full_cv FROM facts WHERE full_cv IS NOT NULL
    UNION ALL SELECT run_id, pillar, model, n, place, 'public', public FROM facts WHERE public IS NOT NULL
    UNION ALL SELECT run_id, pillar, model, n, place, 'private', private FROM facts WHERE private IS NOT NULL
),
-- Kaggle may list an older score after a newer one was imported: the older one no longer counts
counted AS (
    SELECT run_id, pillar, model, kind, n, score
    FROM scores
    QUALIFY place IS NULL OR place >= coalesce(
        max(place) OVER (PARTITION BY run_id, pillar, model, kind ORDER BY n ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING),
        place
    )
),
newest AS (
    SELECT
        run_id, pillar, model,
        arg_max(score, n) FILTER (WHERE kind = 'cv') AS cv,
        arg_max(score, n) FILTER (WHERE kind = 'full_cv') AS full_cv,
        arg_max(score, n) FILTER (WHERE kind = 'public') AS public,
        arg_max(score, n) FILTER (WHERE kind = 'private') AS private
    FROM counted
    GROUP BY run_id, pillar, model
),
logged AS (
    SELECT
        run_id, pillar, model,
        coalesce(min(n) FILTER (WHERE NOT later), min(n)) AS n,
        arg_min(label, (later, n)) AS label, arg_min(metric, (later, n)) AS metric,
        arg_min(sense, (later, n)) AS sense, arg_min(sha256, (later, n)) AS sha256
    FROM facts
    GROUP BY run_id, pillar, model
)
SELECT
    l.n, l.run_id, l.pillar, l.model, l.label, l.metric, l.sense, nullif(l.sha256, '') AS sha256,
    s.cv, s.full_cv, s.public, s.private
FROM logged AS l LEFT JOIN newest AS s USING (run_id, pillar, model)
