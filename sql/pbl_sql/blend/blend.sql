-- What is each row's blend, in the order of the reference, and did a clip change it?
-- $share0, $share1, ... of each pillar, $clip_min, $clip_max; {sums} the weighted sums s0, s1, ..., {clips} the same
-- clipped as b0, b1, ..., {clipped} whether any changed; {numbers} the gathered numbers, or a part of them
(SELECT *, {clips}, {clipped} AS clipped FROM (SELECT *, {sums} FROM {numbers}))
