-- Write the blend as CSV, in order, numbers so that they read back to the same double.
-- the $parameters of {blend}; {order} the reference, {columns} under the contract's names, {file} the file
COPY (SELECT {columns} FROM (SELECT id FROM {order}) AS o POSITIONAL JOIN {blend} AS b)
TO {file} (FORMAT csv, HEADER true, DELIMITER ',', QUOTE '"', ESCAPE '"', USE_TMP_FILE false)
