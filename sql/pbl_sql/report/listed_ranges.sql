-- Between which numbers do the lines lie, by target name? And how many rows stand apart from their blend?
-- no $parameters
SELECT name, low, high, rows, apart FROM ranges ORDER BY name
