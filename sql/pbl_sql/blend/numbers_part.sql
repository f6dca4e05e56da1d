-- What are the numbers of some rows, one after another?
-- $first and $last of them, counted from 0; {columns} the id and the numbers, {table} all rows
SELECT {columns} FROM {table} WHERE rowid BETWEEN $first AND $last
