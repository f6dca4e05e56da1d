-- How many numbers of one series lie in each of $bins bins between its target name's ends?
-- $bins; {value} the series' column. Halves, so that the width of a range is a number
SELECT name, bin, count(*) AS rows
FROM (
    SELECT lines.name AS name,
        CASE WHEN high > low
            THEN least($bins - 1, floor(({value} / 2 - low / 2) / (high / 2 - low / 2) * $bins))::INTEGER
            ELSE 0 END AS bin
    FROM lines JOIN ranges ON ranges.name = lines.name
)
GROUP BY name, bin
ORDER BY name, bin
