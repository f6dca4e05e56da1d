-- What is each row's blend, and the text that reads back to it, in order?
-- the $parameters of {blend}, which has the column place; {columns} the blends and their texts, {marks} what is counted
SELECT place, {columns}, {marks} FROM {blend} AS b
