-- What are a file's cells, in the file's order?
-- no $parameters; {table} the file, {columns} its columns
SELECT {columns} FROM {table} ORDER BY row
