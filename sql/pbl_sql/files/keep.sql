-- What are the cells of a file? Read once, and kept in memory.
-- no $parameters; {table} the file, {kept} the name of the answer
CREATE OR REPLACE TABLE {kept} AS SELECT * FROM {table};
CREATE OR REPLACE VIEW {table} AS SELECT * FROM {kept}
