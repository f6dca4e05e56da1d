-- By how much does the blend move without a pillar, by target name?
-- the $parameters of {parts}, the blend without it
SELECT lines.name AS name, sqrt(favg((lines.b - o.w) ** 2)) AS rmse, max(abs(lines.b - o.w)) AS largest
FROM lines POSITIONAL JOIN (SELECT * FROM ({parts}) ORDER BY id, target) AS o
GROUP BY lines.name
ORDER BY lines.name
