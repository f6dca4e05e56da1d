-- What are the numbers of all files, side by side in the order of the reference, and is each row clean?
-- the $parameters of {good} and of the files; {order} the reference, {joins} the other files, {facts} the columns n0_0,
-- n0_1, ... of each pillar's numbers and whether the rows stand in the same place, {good} whether the row is clean
CREATE OR REPLACE TABLE numbers AS
SELECT o.row, o.id, {facts}, coalesce({good}, false) AS good
FROM {order} AS o {joins}
ORDER BY o.row
