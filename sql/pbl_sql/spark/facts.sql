-- What is to be known of all ids at once? One row.
-- the $parameters of {rows}; {facts} the columns
SELECT {facts}
FROM {rows}
