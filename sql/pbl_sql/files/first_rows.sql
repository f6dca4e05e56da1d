-- What are the first rows of a table that is put together elsewhere?
-- no $parameters; {table} the name to give it
CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM batch
