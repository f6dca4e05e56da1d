-- What is the blend without a pillar, in one target column?
-- the $parameters of {blend}, and of {name}; {target} the column's place, {name} the rows' target name, {number} the blend
SELECT id, {target} AS target, {name} AS name, {number} AS w FROM {blend} AS r
