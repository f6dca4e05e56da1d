-- Write the blend as CSV, in order, each number as text that reads back to the same double.
-- the $parameters of {blend}; {columns} under the contract's names, {file} the file
COPY (SELECT {columns} FROM {blend} AS b)
TO {file} (FORMAT csv, HEADER true, DELIMITER ',', QUOTE '"', ESCAPE '"', USE_TMP_FILE false)
