-- Do two files have the same ids in the same order? The number of rows where they don't.
-- no $parameters; {file}, {reference} the files
SELECT count(*) FILTER (WHERE f.id IS DISTINCT FROM r.id) AS different
FROM (SELECT id FROM {file}) AS f POSITIONAL JOIN (SELECT id FROM {reference}) AS r
