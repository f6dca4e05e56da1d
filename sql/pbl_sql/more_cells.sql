-- What do the next rows of that file say?
-- no $parameters; {table} the name it has
INSERT INTO {table} SELECT * FROM batch
