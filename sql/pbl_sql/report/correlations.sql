-- How do the pillars correlate within each target name? Numbers are parts of the largest, so that no product overflows
-- no $parameters; {sizes} the largest absolute number of each pillar z0, ..., {pairs} the correlations
SELECT lines.name AS name, {pairs}
FROM lines JOIN (SELECT name, {sizes} FROM lines GROUP BY name) AS size ON size.name = lines.name
GROUP BY lines.name
ORDER BY lines.name
