-- What are the numbers of one pillar, in the order of the ids, both zeros being one?
-- no $parameters; {number} the pillar's column
SELECT row, CASE WHEN {number} = 0 THEN 0.0 ELSE {number} END AS n FROM long
