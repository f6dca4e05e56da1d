-- What are the hashes h of the gathered ids that fall into one part of all hashes, case aside?
-- $parts how many parts there are, $part which one: a part at a time takes that much less memory
SELECT h FROM (SELECT hash(lower(id)) AS h FROM numbers) WHERE h % $parts::UBIGINT = $part::UBIGINT
