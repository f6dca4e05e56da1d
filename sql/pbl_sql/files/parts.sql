-- What are the rows of Parquet files, one after the other?
-- no $parameters; {table} the name of the answer, {files} their paths, {picked} the contract's columns
CREATE OR REPLACE VIEW {table} AS
SELECT row_number() OVER () + 1 AS row, {picked}
FROM read_parquet([{files}], hive_partitioning = false, union_by_name = false, binary_as_string = false)
