-- What are the numbers of each sample, a row for each target name, held to the constraints?
-- the $parameters of {sums}, the projection and the clip, $name0, $name1, ... of the constraints; {rows} the rows, {sums}
-- the same with their sums, {wide} a sample's sums y0, y1, ... by name, {projected} the same projected as x0, x1, ...,
-- {before} and {after} the number of a row before and after the clip, as a case for each name
CREATE OR REPLACE TABLE reconciled AS
SELECT r.*, CASE r.name {before} END AS projected, CASE r.name {after} END AS settled
FROM {rows} AS r
JOIN (SELECT *, {projected} FROM (SELECT sample, {wide} FROM {sums} GROUP BY sample)) AS w ON w.sample = r.sample
ORDER BY r.row
