-- Make a table of the first batch of rows; more_rows.sql adds the others.
-- no $parameters; {table} the name of the answer
CREATE OR REPLACE TABLE {table} AS SELECT * FROM batch
