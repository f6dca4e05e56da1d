-- Between which numbers do the lines lie, by target name?
-- no $parameters
SELECT name, low, high, rows FROM ranges ORDER BY name
