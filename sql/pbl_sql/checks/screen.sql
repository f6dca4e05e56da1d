-- Is each cell of a file as it must be, and what are its numbers like? One row.
-- $blank, $edged, $number regular expressions; {table} the file, {pattern} and {targets} what to count besides
SELECT
    count(*) AS rows,
    count(*) FILTER (WHERE regexp_full_match(id, $blank) OR regexp_matches(id, $edged)) AS bad_ids,
    count(DISTINCT lower(id)) AS different_ids,
    {pattern} AS strange_ids,
    {targets}
FROM {table}
