-- By how much does the blend move without a pillar, by target name? The squares are added up in the order of the ids.
-- $size a power of two to multiply by, and the $parameters of {parts}: for each target column, the blend with the pillar
-- and without it
SELECT place, favg((b * $size - w * $size) ** 2) AS square, max(abs(b * $size - w * $size)) AS largest,
    count(*) FILTER (WHERE off) AS off
FROM ({parts})
GROUP BY place
ORDER BY place
