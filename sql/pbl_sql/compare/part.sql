-- What are the pillars' numbers in one target column?
-- no $parameters; {row} a number that ascends with id and target, {target} the column's place, {place} the place of the
-- row's target name, {apart} whether that is another row's, {numbers} the columns n0, n1, ..., {rows} the table
SELECT {row} AS row, id, {target} AS target, {place} AS place, {apart} AS apart, {numbers} FROM {rows}
