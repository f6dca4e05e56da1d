-- On which rows do the pillars disagree most?
-- $top how many rows; {range} the largest number less the least, {numbers} of all pillars
SELECT id, target, {range} AS range, {numbers}
FROM long
ORDER BY range DESC, id, target
LIMIT $top
