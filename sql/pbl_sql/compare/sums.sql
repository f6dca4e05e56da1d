-- What do products and differences of pillars come to, added up in the order of the ids?
-- the $parameters of {facts}; {facts} sums, means and largest values over all rows, {joins} the ranks of pillars
SELECT {facts}
FROM long {joins}
