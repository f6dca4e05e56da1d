-- What are the numbers of all files, side by side in the reference's order, and is each row as it must be?
-- the parameters that {good} and the files name; {order} the reference, {joins} the other files, {facts} the columns
-- n0_0, n0_1, ... of each pillar's numbers and whether the rows stand in the same place, {good} whether all is well
CREATE OR REPLACE TEMP TABLE numbers AS
SELECT o.row, o.id, {facts}, coalesce({good}, false) AS good
FROM {order} AS o {joins}
ORDER BY o.row
