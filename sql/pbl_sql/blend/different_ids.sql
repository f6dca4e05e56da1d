-- How many ids of all that were gathered are known to differ, and by more than case? Different hashes prove different ids.
-- no $parameters
SELECT count(DISTINCT hash(lower(id))) FROM numbers
