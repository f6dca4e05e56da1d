-- What are the facts about all ids together? One row.
-- the $parameters of {rows}; {facts} the columns
SELECT {facts}
FROM {rows}
