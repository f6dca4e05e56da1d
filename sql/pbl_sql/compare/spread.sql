-- How are each pillar's numbers spread, over all rows or by target name?
-- no $parameters; {place} what to group by, {facts} of each pillar count, mean, sd, least, largest, share below 0
SELECT {place} AS place, {facts}, count(*) AS rows, count(*) FILTER (WHERE apart) AS apart
FROM long
GROUP BY ALL
ORDER BY place
