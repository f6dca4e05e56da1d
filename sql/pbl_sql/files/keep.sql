-- What does a file say? Asked once, and the answer kept in memory.
-- no $parameters; {table} the file, {kept} the name of the answer
CREATE OR REPLACE TEMP TABLE {kept} AS SELECT * FROM {table};
CREATE OR REPLACE TEMP VIEW {table} AS SELECT * FROM {kept}
