-- What are the pillars' numbers and the blend, a row for each id and target column, in the order of the ids, which rows have?
-- no $parameters; {parts}, one for each target column
CREATE OR REPLACE TEMP TABLE lines AS
SELECT * FROM ({parts})
ORDER BY row
