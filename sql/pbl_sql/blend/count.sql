-- How many rows are there?
-- no $parameters; {rows} a table
SELECT count(*) FROM {rows}
