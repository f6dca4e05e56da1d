-- What are the numbers {n} of one prediction column like?
-- $labels how many values labels have at most; {n} the column
min({n}) AS {n}_low, max({n}) AS {n}_high, avg(abs({n})) AS {n}_size,
CASE WHEN bool_and({n} = trunc({n})) AND count(DISTINCT CASE WHEN {n} = trunc({n}) THEN {n} END) <= $labels
    THEN count(DISTINCT CASE WHEN {n} = trunc({n}) THEN {n} END) ELSE 0 END AS {n}_labels
