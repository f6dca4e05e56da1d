-- What is the rank of each number in its file and target name, from 0 to 1?
-- no $parameters; {ranks} the columns r0_0, r0_1, ..., equal numbers having the mean of their ranks
CREATE OR REPLACE TEMP TABLE ranked AS
SELECT *, {ranks}
FROM named
ORDER BY row
