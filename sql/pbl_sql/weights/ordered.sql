-- What are the cells of a file, in the order of its ids?
-- no $parameters; {table} the file, {columns} the columns of the answer
SELECT {columns} FROM {table} ORDER BY id
