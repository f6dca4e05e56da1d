-- What are the numbers of no rows at all? Only the columns are to be known.
-- no $parameters; {columns} an example of each
(SELECT {columns} WHERE false)
