-- What are the hashes h of the gathered ids, ignoring case, in one part of all hashes?
-- $parts how many parts there are, $part which one; a part at a time takes less memory
SELECT h FROM (SELECT hash(lower(id)) AS h FROM numbers) WHERE h % $parts::UBIGINT = $part::UBIGINT
