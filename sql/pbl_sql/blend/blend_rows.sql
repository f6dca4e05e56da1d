-- What is the blend of each row, in order?
-- the $parameters of {blend}, which has the column place; {columns} the blends, {marks} what is counted
SELECT place, {columns}, {marks} FROM {blend} AS b
