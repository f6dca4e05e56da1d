-- What are the pillars' numbers and their ranks about their means, scaled so that no product is too large?
-- $mean0, $scale0, ... of each pillar; {columns} the numbers n0, ..., the same centred as d0, ..., ranks as q0, ...
CREATE OR REPLACE TEMP TABLE centred AS
SELECT {columns}
FROM long
ORDER BY id, target
