-- For each number of a row: what is the sum of the shares of all pillars whose number isn't larger? It gives the median.
-- the $parameters of the factors; {upto} the shares u0_0, u0_1, ..., {numbers} the gathered numbers, or a part of them
(SELECT *, {upto} FROM {numbers})
