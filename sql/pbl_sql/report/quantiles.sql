-- What are the 5, 25, 50, 75 and 95 % quantiles of one series, by target name?
-- no $parameters; {value} the series' column
SELECT place, quantile_cont({value}, [0.05, 0.25, 0.5, 0.75, 0.95]) AS quantiles
FROM lines
GROUP BY place
ORDER BY place
