-- What is the query plan of a frame? It says where the frame comes from.
-- no $parameters; {frame} the frame
EXPLAIN SELECT * FROM {frame}
