-- What are the pillars' numbers in one target column?
-- no $parameters but {name}'s; {row} a number that ascends with id and target, {target} its place, {name} the rows' target
-- name, {numbers} the columns n0, n1, ...
SELECT {row} AS row, id, {target} AS target, {name} AS name, {numbers} FROM {rows}
