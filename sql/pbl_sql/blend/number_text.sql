-- What is the text of each number of a batch, in order?
-- no parameters; {text} the expression
SELECT {text} AS text FROM batch
