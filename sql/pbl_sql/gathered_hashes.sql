-- How many different hashes are there among the ids of one part of the hashes? Hashes that differ prove ids that differ.
-- $parts how many parts there are, $part which one: a part at a time takes that much less memory
SELECT count(DISTINCT h) FROM numbers WHERE h % $parts::UBIGINT = $part::UBIGINT
