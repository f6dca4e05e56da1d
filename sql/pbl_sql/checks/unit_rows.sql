-- In how many rows do the targets sum to 1?
-- $close how far from 1 a sum may be; {sum} the sum of a row, {name} the name of the answer
count(*) FILTER (WHERE abs({sum} - 1) <= $close) AS {name}
