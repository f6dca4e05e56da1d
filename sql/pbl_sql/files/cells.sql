-- What are the cells of a file, in the order of the file?
-- no $parameters; {table} the file, {columns} its columns
SELECT {columns} FROM {table} ORDER BY row
