-- How are each pillar's numbers spread, over all rows or by target name?
-- no $parameters; {name} what to group by, {facts} of each pillar count, mean, sd, least, largest, share below 0
SELECT {name} AS name, {facts}
FROM long
GROUP BY ALL
ORDER BY name
