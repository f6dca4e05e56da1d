-- Where are the bytes of a column in Parquet files, a row for each row group, and what says how they are read?
-- $column its name; {files} their paths
SELECT
    list_position([{files}], file_name) - 1 AS place, row_group_num_rows,
    dictionary_page_offset, data_page_offset, total_compressed_size,
    row(num_values, type, compression, encodings, total_uncompressed_size, declared)::VARCHAR AS kind
FROM parquet_metadata([{files}]) JOIN (
    SELECT file_name, list(row(type, type_length, repetition_type, converted_type, logical_type)) AS declared
    FROM parquet_schema([{files}]) WHERE name = $column GROUP BY file_name
) USING (file_name)
WHERE path_in_schema = $column
ORDER BY place, row_group_id
