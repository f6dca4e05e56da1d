-- What are the numbers of all pillars side by side?
-- the $parameters of the members' shares; {numbers} the columns n0_0, n0_1, ..., {first} the first file, {joins} the others
CREATE OR REPLACE TABLE numbers AS
SELECT 0 AS row, f0.id, {numbers}
FROM {first} AS f0 {joins}
