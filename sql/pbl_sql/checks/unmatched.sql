-- Which ids of one file are not in the other? Blank ids are ignored.
-- $blank a regular expression; {table} the name of the answer, {file} and {other} the files
CREATE OR REPLACE TABLE {table} AS
SELECT f.row, f.id,
    CASE
        WHEN regexp_full_match(f.id, '[+-]?[0-9]+(\.[0-9]*)?[eE][+-]?[0-9]+') AND abs(try_cast(f.id AS DOUBLE)) < 1e15
            AND try_cast(f.id AS DOUBLE) = trunc(try_cast(f.id AS DOUBLE)) THEN try_cast(f.id AS DOUBLE)::BIGINT::VARCHAR
        ELSE regexp_replace(
            regexp_replace(
                lower(regexp_replace(nfc_normalize(trim(replace(f.id, '\', '/'))), '^([+-]?[0-9]+)\.0*$', '\1')),
                '(^|[^0-9.])0+([0-9])', '\1\2', 'g'
            ),
            '([^ _-])[ _-]', '\1_', 'g'
        )
    END AS canonical
FROM {file} AS f ANTI JOIN {other} AS o ON f.id = o.id
WHERE NOT regexp_full_match(f.id, $blank)
ORDER BY f.row
