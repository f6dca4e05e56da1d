-- How many rows has a file, how many of its ids differ by more than case, and what are its numbers like? One row.
-- the $parameters of {targets}; {table} the file, {targets} what to ask of each prediction column
SELECT count(*) AS rows, count(DISTINCT lower(id)) AS different_ids, {targets}
FROM {table}
