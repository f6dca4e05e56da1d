-- Where does a frame come from?
-- no $parameters; {frame} it
EXPLAIN SELECT * FROM {frame}
