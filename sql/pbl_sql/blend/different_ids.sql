-- How many different ids were gathered, at least, ignoring case? Different hashes prove different ids.
-- no $parameters
SELECT count(DISTINCT hash(lower(id))) FROM numbers
