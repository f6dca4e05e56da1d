-- What is each id's blend, in the order of the reference, and did a clip change it?
-- $share0, $share1, ... of each pillar, $clip_min, $clip_max or NULL; {order} the reference, {joins} the other files,
-- {sums} the weighted sums as s0, s1, ..., {clips} the same clipped as b0, b1, ..., {clipped} whether any changed
CREATE TEMP TABLE blended AS
SELECT row, id, {clips}, {clipped} AS clipped
FROM (SELECT o.row, o.id, {sums} FROM {order} AS o {joins} ORDER BY o.row)
