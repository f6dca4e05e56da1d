-- Which target name has each row, as its place among the sorted names? Places are faster to group by than names.
-- no $parameters; {rows} the rows
CREATE OR REPLACE TABLE places AS
SELECT r.row AS row, names.place AS place
FROM {rows} AS r
JOIN (SELECT name, row_number() OVER (ORDER BY name) - 1 AS place FROM {rows} GROUP BY name) AS names ON names.name = r.name
ORDER BY r.row
