-- What are the numbers of one prediction column like? Cells that are not numbers are ignored.
-- $labels the most different values that class labels have; {t} the column
min(try_cast({t} AS DOUBLE)) AS {t}_low,
max(try_cast({t} AS DOUBLE)) AS {t}_high,
avg(abs(try_cast({t} AS DOUBLE))) AS {t}_size,
CASE WHEN bool_and(try_cast({t} AS DOUBLE) = trunc(try_cast({t} AS DOUBLE)))
    AND count(DISTINCT try_cast({t} AS DOUBLE)) <= $labels THEN count(DISTINCT try_cast({t} AS DOUBLE)) ELSE 0 END AS {t}_labels
