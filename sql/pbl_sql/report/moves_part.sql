-- What is the blend with and without a pillar, in one target column?
-- the $parameters of {blend}, the one without; {targets} how many columns there are, {target} the place of this one,
-- {number} its blend
SELECT a.place AS place, a.b AS b, o.{number} AS w, a.row IS DISTINCT FROM o.row::BIGINT * {targets} + {target} AS off
FROM (SELECT row, place, b FROM lines WHERE target = {target}) AS a POSITIONAL JOIN {blend} AS o
