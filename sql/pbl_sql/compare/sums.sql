-- What do products and differences of pillars come to?
-- the $parameters of {facts}; {facts} sums, means and largest values over all rows
SELECT {facts}
FROM centred
