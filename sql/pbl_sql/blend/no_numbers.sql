-- What is the empty table of numbers? It gives a query its columns and no rows.
-- no $parameters; {columns} an example of each
(SELECT {columns} WHERE false)
