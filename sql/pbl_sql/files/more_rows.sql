-- What are the next rows of that table?
-- no $parameters; {table} the name it has
INSERT INTO {table} SELECT * FROM batch
