-- Does a written file say what was to be written, row by row? The rows in it and the rows that differ.
-- the $parameters of {blend}; {file} the file, {differ} the condition
SELECT count(f.id) AS rows, count(*) FILTER (WHERE f.id IS DISTINCT FROM b.id OR {differ}) AS different
FROM {file} AS f POSITIONAL JOIN {blend} AS b
