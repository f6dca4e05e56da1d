-- What are the facts about each id? How often it is in each pillar, its numbers, the code of the id, and its odd rows.
-- the $parameters of {pillars}; {counts} the columns m0, m1, ..., {numbers} n0_0, n0_1, ..., {odd} whether a row is odd
(SELECT id, {counts}, {numbers}, max(c) AS c, count(CASE WHEN {odd} THEN 1 END) AS odd
FROM ({pillars})
GROUP BY id)
