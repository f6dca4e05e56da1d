-- What are the numbers of one pillar, in the order of the ids? -0.0 becomes 0.0, so that both zeros have one rank.
-- no $parameters; {number} the pillar's column
SELECT row, CASE WHEN {number} = 0 THEN 0.0 ELSE {number} END AS n FROM long
