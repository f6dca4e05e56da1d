-- What is the blend of each row, in the order of the reference, and did a clip change it?
-- the $parameters of {sums}, $clip_min, $clip_max; {sums} the rows with their sums s0, s1, ..., {clips} the sums
-- clipped, as b0, b1, ..., {clipped} whether a clip changed any of them
(SELECT *, {clips}, {clipped} AS clipped FROM {sums})
