-- What are the pillars' numbers and the blend, one row for each id and target column, in the order of `row`, that of the ids?
-- no $parameters; {parts}, one for each target column
CREATE OR REPLACE TABLE lines AS
SELECT * FROM ({parts})
ORDER BY row
