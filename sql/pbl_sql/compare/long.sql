-- What are the pillars' numbers, one row for each id and target column?
-- no $parameters; {parts}, one for each target column: row, id, target, place, n0, n1, ...
CREATE OR REPLACE TABLE long AS
SELECT * FROM ({parts})
ORDER BY row
