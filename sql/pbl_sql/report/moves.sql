-- By how much does the blend move without a pillar, by target name? The squares are added up in the order of the ids
-- the $parameters of {parts}, for each target column the blend with the pillar and without it
SELECT place, sqrt(favg((b - w) ** 2)) AS rmse, max(abs(b - w)) AS largest, count(*) FILTER (WHERE off) AS off
FROM ({parts})
GROUP BY place
ORDER BY place
