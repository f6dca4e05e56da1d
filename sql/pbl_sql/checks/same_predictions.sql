-- In how many rows do two files of the same ids differ in a prediction?
-- no $parameters; {file}, {other} the files, {differ} the condition
SELECT count(*) FILTER (WHERE {differ}) AS different, count(*) AS rows
FROM {file} AS f JOIN {other} AS o ON f.id = o.id
