-- What are the numbers {n} of one prediction column like?
-- {n} the column
min({n}) AS {n}_low, max({n}) AS {n}_high, avg(abs({n})) AS {n}_size, bool_and({n} = trunc({n})) AS {n}_whole
