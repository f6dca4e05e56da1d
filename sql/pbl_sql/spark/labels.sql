-- How many different numbers has each column of each pillar? Asked only where all are whole numbers: each takes a pass.
-- the $parameters of {grouped}; {counts} a count for each column
SELECT array({counts}) AS labels
FROM {grouped}
