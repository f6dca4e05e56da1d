-- What do the first rows of a file say that was taken apart elsewhere?
-- no $parameters; {table} the name to give it
CREATE OR REPLACE TEMP TABLE {table} AS SELECT * FROM batch
