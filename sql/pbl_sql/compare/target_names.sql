-- Which target names do the rows have?
-- no $parameters; {rows} the rows
SELECT DISTINCT name FROM {rows} ORDER BY name
