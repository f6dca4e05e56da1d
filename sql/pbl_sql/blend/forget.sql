-- Nobody asks for this table any more.
-- no $parameters; {table} its name
DROP TABLE IF EXISTS {table}
