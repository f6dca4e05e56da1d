-- Which target names have the rows?
-- no $parameters; {rows} the rows
SELECT DISTINCT name FROM {rows} ORDER BY name
