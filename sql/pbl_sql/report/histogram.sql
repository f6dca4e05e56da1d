-- How many numbers of one series lie in each of $bins bins between the ends of its target name?
-- $bins, $lows and $highs the ends by place; {value} the series' column. All are halved, so that no width overflows
SELECT place, bin, count(*) AS rows
FROM (
    SELECT place,
        CASE WHEN high > low
            THEN least($bins - 1, floor(({value} / 2 - low / 2) / (high / 2 - low / 2) * $bins))::INTEGER
            ELSE 0 END AS bin
    FROM (SELECT *, list_extract($lows::DOUBLE[], place + 1) AS low, list_extract($highs::DOUBLE[], place + 1) AS high FROM lines)
)
GROUP BY place, bin
ORDER BY place, bin
