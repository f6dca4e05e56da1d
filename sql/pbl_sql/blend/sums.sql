-- What are the sums of each row, before a clip?
-- the $parameters of the factors; {sums} the sums s0, s1, ..., {numbers} the gathered numbers, or a part of them
(SELECT *, {sums} FROM {numbers})
