-- What are the pillars' numbers and their ranks about their means, scaled so that no product is too large?
-- $mean0, $scale0, ... of each pillar; {columns} the numbers n0, ..., the same centred as d0, ..., ranks as q0, ...;
-- {joins} the ranks, in the same order, and {apart} whether they are another row's
CREATE OR REPLACE TEMP TABLE centred AS
SELECT {columns}, {apart} AS apart
FROM long {joins}
