-- What is each row's blend, in the order of the reference, and did a clip change it?
-- the $parameters of {sums}, $clip_min, $clip_max; {sums} the rows with their sums s0, s1, ..., {clips} the same
-- clipped as b0, b1, ..., {clipped} whether any changed
(SELECT *, {clips}, {clipped} AS clipped FROM {sums})
