-- What are the newest scores of the runs, and which row of the logs tells of each?
-- no $parameters; runs is the answer to runs.sql
SELECT n, cv, full_cv, public, private FROM runs ORDER BY n
