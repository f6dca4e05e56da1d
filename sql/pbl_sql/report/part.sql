-- What are the pillars' numbers and the blend, before a clip and after it, in one target column?
-- the $parameters of {blend}, and of {name}; {target} its place, {name} the rows' target name, {numbers} n0, n1, ..., s, b
SELECT row, id, {target} AS target, {name} AS name, {numbers} FROM {blend} AS r
