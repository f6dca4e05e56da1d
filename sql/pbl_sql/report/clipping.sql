-- What did the clip change, by target name?
-- no $parameters
SELECT place, count(*) AS rows,
    count(*) FILTER (WHERE b > s) AS raised,
    count(*) FILTER (WHERE b < s) AS lowered,
    coalesce(max(abs(b - s)), 0) AS largest
FROM lines
GROUP BY place
ORDER BY place
