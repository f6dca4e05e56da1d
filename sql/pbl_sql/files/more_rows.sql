-- Add the next batch of rows to the table of first_rows.sql.
-- no $parameters; {table} its name
INSERT INTO {table} SELECT * FROM batch
