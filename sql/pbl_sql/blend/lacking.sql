-- Which samples lack a target name of the constraints? How many, and the first of them.
-- $name0, $name1, ... of the constraints, $limit; {has} whether a sample has each as h0, h1, ...,
-- {names} these columns, {all} whether it has all
SELECT sample, count(*) OVER () AS samples, {names}
FROM (SELECT sample, {has} FROM named GROUP BY sample)
WHERE NOT ({all})
ORDER BY sample
LIMIT $limit
