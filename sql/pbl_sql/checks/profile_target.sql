-- What are the numbers of one prediction column like? Cells that are no numbers are passed over.
-- no $parameters; {t} the column
min(try_cast({t} AS DOUBLE)) AS {t}_low,
max(try_cast({t} AS DOUBLE)) AS {t}_high,
avg(abs(try_cast({t} AS DOUBLE))) AS {t}_size
