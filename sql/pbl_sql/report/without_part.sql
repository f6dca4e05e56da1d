-- What is the blend without a pillar, in one target column?
-- the $parameters of {blend}; {target} the column's place, {number} the blend
SELECT row, {target} AS target, {number} AS w FROM {blend} AS r
