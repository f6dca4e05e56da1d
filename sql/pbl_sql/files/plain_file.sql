-- What are the cells of a plain file, as text?
-- no $parameters; {table} the name of the answer, {file} its path, {every} all columns, {picked} the contract's
CREATE OR REPLACE VIEW {table} AS
SELECT row_number() OVER () + 1 AS row, {picked}
FROM read_csv(
    {file},
    auto_detect = false, header = false, skip = 1, columns = {{every}},
    delim = ',', quote = '', escape = '', nullstr = chr(10), strict_mode = true, null_padding = false, ignore_errors = false,
    encoding = 'utf-8', compression = 'none', hive_partitioning = false, union_by_name = false
)
