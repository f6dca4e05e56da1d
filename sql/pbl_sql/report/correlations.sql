-- How do the pillars correlate within each target name? Numbers are divided by the largest, so that no product overflows.
-- $sizes0, ... the largest absolute number of each pillar, by place; {pairs} the correlations
SELECT place, {pairs}
FROM lines
GROUP BY place
ORDER BY place
