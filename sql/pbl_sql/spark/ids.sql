-- Which ids break one rule in one pillar?
-- the $parameters of {grouped} and {broken}; {place} the pillar's, {code} the rule's
SELECT {place} AS p, 0 AS col, {code} AS code, id, CAST(NULL AS DOUBLE) AS value
FROM {grouped}
WHERE {broken}
