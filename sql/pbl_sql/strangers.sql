-- How many rows have an id that the reference has not?
-- no $parameters; unknown is the answer to unmatched.sql
SELECT count(*) FROM unknown
