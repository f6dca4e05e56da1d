-- What are the numbers of all files, side by side in the reference's order, and is each row as it must be?
-- $number and the parameters that {good} names; {order} the reference, {joins} the other files, {facts} the columns:
-- h the id's hash, n0_0, n0_1, ... each pillar's numbers, {good} whether all is well, {sorted} the order, if not the files'
CREATE OR REPLACE TEMP TABLE numbers AS
SELECT hash(lower(o.id)) AS h, {facts}, coalesce({good}, false) AS good
FROM {order} AS o {joins}
{sorted}
