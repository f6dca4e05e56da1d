-- What does the screen ask of one prediction column?
-- $number a regular expression, $minimum, $maximum the bounds or NULL; {t} the column
count(*) FILTER (
    WHERE NOT regexp_full_match({t}, $number)
    OR NOT coalesce(isfinite(try_cast({t} AS DOUBLE)), false)
    OR coalesce(try_cast({t} AS DOUBLE) < $minimum, false)
    OR coalesce(try_cast({t} AS DOUBLE) > $maximum, false)
) AS {t}_bad,
min(try_cast({t} AS DOUBLE)) AS {t}_min,
max(try_cast({t} AS DOUBLE)) AS {t}_max,
avg(abs(try_cast({t} AS DOUBLE))) AS {t}_size
