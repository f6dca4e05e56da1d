-- What are the numbers of all pillars in the order of their ids?
-- no $parameters; {rows} the rows in any order
CREATE OR REPLACE TABLE ordered AS
SELECT row_number() OVER () AS row, * EXCLUDE (row)
FROM (SELECT * FROM {rows} ORDER BY id)
