-- How many rows lie in each cell of a grid of two pillars' numbers?
-- $bins, $low and $high, half of each end; {a} and {b} the pillars' columns. All are halved, so that no width overflows
SELECT x, y, count(*) AS rows
FROM (
    SELECT least($bins - 1, floor(({a} / 2 - $low) / ($high - $low) * $bins))::INTEGER AS x,
        least($bins - 1, floor(({b} / 2 - $low) / ($high - $low) * $bins))::INTEGER AS y
    FROM lines
)
GROUP BY x, y
ORDER BY x, y
