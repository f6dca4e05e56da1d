-- What is the largest absolute number of each pillar, by target name?
-- no $parameters; {sizes} the largest of each pillar
SELECT place, {sizes}
FROM lines
GROUP BY place
ORDER BY place
