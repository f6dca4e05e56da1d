-- What are the numbers of all pillars side by side, in the order of their ids?
-- the $parameters of the members' shares; {numbers} the columns n0_0, n0_1, ..., {first} the first file, {joins} the others
CREATE OR REPLACE TEMP TABLE numbers AS
SELECT row_number() OVER (ORDER BY f0.id) AS row, f0.id, {numbers}
FROM {first} AS f0 {joins}
ORDER BY f0.id
