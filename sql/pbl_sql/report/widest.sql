-- What is the blend of the rows on which the pillars disagree most?
-- $top how many rows; {range} the largest number less the least
SELECT id, target, place, b
FROM lines
ORDER BY {range} DESC, id, target
LIMIT $top
