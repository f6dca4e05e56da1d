-- What are the numbers of each sample, a row for each target name, side by side?
-- $name0, $name1, ... of the target names and the $parameters of {rows}; {columns} the numbers by name
(SELECT sample, {columns} FROM {rows} AS b GROUP BY sample)
