-- By how much does the blend move without a pillar, by target name? The squares are added up in the order of the ids
-- the $parameters of {parts}, the blend without it
SELECT name, sqrt(favg((b - w) ** 2)) AS rmse, max(abs(b - w)) AS largest
FROM (
    SELECT lines.name AS name, lines.b AS b, o.w AS w
    FROM lines JOIN ({parts}) AS o ON o.row = lines.row AND o.target = lines.target
    ORDER BY lines.row, lines.target
)
GROUP BY name
ORDER BY name
