-- How many ids of one file are not in the other?
-- no $parameters; {file} and {other} the files
SELECT count(*) AS n FROM {file} AS f ANTI JOIN {other} AS o ON f.id = o.id
