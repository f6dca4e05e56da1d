-- What shares have the pillars of a row up to each one's number? The median is found by them.
-- the $parameters of the factors; {upto} the shares u0_0, u0_1, ..., {numbers} the gathered numbers, or a part of them
(SELECT *, {upto} FROM {numbers})
