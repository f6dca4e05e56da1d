-- Which rows were put together, and are of no use any more?
-- no $parameters; {table} their table
DROP TABLE IF EXISTS {table}
