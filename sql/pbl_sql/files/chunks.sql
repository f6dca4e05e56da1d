-- Where are the bytes of a column in Parquet files, a row for each row group, and what says how they are read?
-- $column its name, which must be that of one column at any depth; {files} their paths
SELECT
    list_position([{files}], file_name) - 1 AS place, column_id, row_group_num_rows,
    coalesce(dictionary_page_offset, data_page_offset) AS first_byte, total_compressed_size,
    row(num_values, type, compression, encodings, total_uncompressed_size, declared)::VARCHAR AS kind
FROM parquet_metadata([{files}]) JOIN (
    SELECT
        file_name, any_value(type) AS declared_type,
        any_value(row(type, type_length, repetition_type, converted_type, logical_type)) AS declared
    FROM parquet_schema([{files}]) WHERE name = $column GROUP BY file_name HAVING count(*) = 1
) USING (file_name)
WHERE path_in_schema = $column AND type = declared_type
    AND (dictionary_page_offset IS NULL OR 0 < dictionary_page_offset AND dictionary_page_offset < data_page_offset)
ORDER BY place, row_group_id
