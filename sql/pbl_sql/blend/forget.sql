-- Drop a table that no later question needs.
-- no $parameters; {table} its name
DROP TABLE IF EXISTS {table}
