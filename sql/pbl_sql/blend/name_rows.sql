-- Which target name and which sample has each row, as its id says? They are split at the last separator.
-- $separator; $split the pattern of sample, separator and name, used only where the separator stands twice, as it is five
-- times slower; $column the name of ids without a separator; {rows} the aligned rows
CREATE OR REPLACE TABLE named AS
SELECT * EXCLUDE (first, once),
    CASE WHEN first = 0 THEN $column
        WHEN once THEN substring(id, first + length($separator))
        ELSE regexp_extract(id, $split, 2) END AS name,
    CASE WHEN first = 0 THEN id
        WHEN once THEN substring(id, 1, first - 1)
        ELSE regexp_extract(id, $split, 1) END AS sample
FROM (
    SELECT *, instr(id, $separator) AS first, NOT contains(substring(id, first + 1), $separator) AS once
    FROM {rows}
)
