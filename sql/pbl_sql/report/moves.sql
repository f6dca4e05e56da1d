-- By how much does the blend move without a pillar, by target name? The squares are added up in the order of the ids
-- the $parameters of {parts}, for each target column the blend with the pillar and without it
SELECT name, sqrt(favg((b - w) ** 2)) AS rmse, max(abs(b - w)) AS largest, count(*) FILTER (WHERE apart) AS apart
FROM ({parts})
GROUP BY name
ORDER BY name
