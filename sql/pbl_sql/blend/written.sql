-- Does a written file hold the blend, row by row? Its rows, and how many of them differ.
-- the $parameters of {blend}; {file} the file, {differ} the condition
SELECT count(f.id) AS rows, count(*) FILTER (WHERE f.id IS DISTINCT FROM b.id OR {differ}) AS different
FROM {file} AS f POSITIONAL JOIN {blend} AS b
