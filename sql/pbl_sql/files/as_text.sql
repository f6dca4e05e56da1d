-- What are the cells of typed rows as text, as a CSV file has them? NULL becomes an empty cell.
-- no $parameters; {table} the name of the answer, {typed} the rows, {texts} the columns
CREATE OR REPLACE VIEW {table} AS SELECT row, {texts} FROM {typed}
