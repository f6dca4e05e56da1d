-- What are the sums of products and of differences of pillars, added up in the order of the ids?
-- the $parameters of {facts}; {facts} sums, means and largest values over all rows, {joins} the ranks of pillars
SELECT {facts}
FROM long {joins}
