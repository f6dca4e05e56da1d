-- How are each pillar's numbers spread, over all rows or by target name?
-- the $parameters of {facts}; {place} what to group by, {facts} of each pillar
SELECT {place} AS place, {facts}
FROM long
GROUP BY ALL
ORDER BY place
