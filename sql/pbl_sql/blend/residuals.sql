-- By how much are constraints off?
-- the $parameters of {samples} and the tolerances; {facts} the largest and mean residual and how many are beyond it
SELECT {facts}
FROM {samples} AS s
