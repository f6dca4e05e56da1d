-- What is the blend of each row, in order, and the text that reads back to the same double?
-- the $parameters of {blend}, which has the column place; {columns} the blends and their texts, {marks} what is counted
SELECT place, {columns}, {marks} FROM {blend} AS b
