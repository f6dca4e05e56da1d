-- What is the text of each number of a batch, in order?
-- no parameters
SELECT number::VARCHAR AS text FROM batch