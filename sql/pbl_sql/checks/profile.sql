-- How many rows has a file, how many different ids, ignoring case, and what are its numbers like? One row.
-- the $parameters of {targets}; {table} the file, {targets} what to ask of each prediction column
SELECT count(*) AS rows, count(DISTINCT lower(id)) AS different_ids, {targets}
FROM {table}
