-- What are the pillars' numbers and the blend, before a clip and after it, in one target column?
-- the $parameters of {name}; {rows} the numbers, in the order of `blended`, {target} its place, {name} the rows' target
-- name, {numbers} n0, n1, ..., s, b
SELECT r.row AS row, id, {target} AS target, {name} AS name, {numbers},
    r.row IS DISTINCT FROM blended.row AS apart
FROM {rows} AS r POSITIONAL JOIN blended
