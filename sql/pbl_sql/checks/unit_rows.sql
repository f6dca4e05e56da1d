-- In how many rows do the targets sum to 1?
-- $close how far from it a sum may be; {sum} the sum of a row, {name} what to call the answer
count(*) FILTER (WHERE abs({sum} - 1) <= $close) AS {name}
