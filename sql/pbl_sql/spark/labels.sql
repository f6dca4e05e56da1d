-- How many different numbers has each column of each pillar? Asked only where all are whole: it takes a pass for each.
-- the $parameters of {grouped}; {counts} a count for each column
SELECT {counts}
FROM {grouped}
