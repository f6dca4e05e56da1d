-- What are the cells of typed rows as text, as a CSV file has them? What is NULL is an empty cell.
-- no $parameters; {table} the name to give it, {typed} the rows, {texts} the columns
CREATE OR REPLACE TEMP VIEW {table} AS SELECT row, {texts} FROM {typed}
