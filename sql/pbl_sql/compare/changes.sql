-- By how much do two blends differ?
-- no $parameters; {squares} of a row's differences, summed, {largest} of them
SELECT favg({squares}) AS square, max({largest}) AS largest
FROM blended AS a JOIN without AS b ON b.row = a.row
