-- What are a file's cells, in the order of its ids?
-- no $parameters; {table} the file, {columns} what to tell of each row
SELECT {columns} FROM {table} ORDER BY id
