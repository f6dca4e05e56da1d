-- What is the blend with and without a pillar, in one target column?
-- the $parameters of {blend}, the one without; {target} the column's place, {number} the blend
SELECT a.name AS name, a.b AS b, o.{number} AS w, a.row IS DISTINCT FROM o.row AS apart
FROM (SELECT row, name, b FROM lines WHERE target = {target}) AS a POSITIONAL JOIN {blend} AS o
