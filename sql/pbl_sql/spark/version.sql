-- What does the engine call itself?
-- no $parameters
SELECT version()
