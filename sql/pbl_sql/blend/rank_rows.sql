-- What are the rows with the ranks of all their numbers? All tables have the same rows in the same order.
-- no $parameters; {ranks} the columns r0_0, r0_1, ..., {joins} the tables of ranks
CREATE OR REPLACE TABLE ranked AS
SELECT a.*, {ranks}
FROM named AS a {joins}
