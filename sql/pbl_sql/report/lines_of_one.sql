-- The same of one target column, whose rows stand in that order already.
-- no $parameters; {part} row, id, target, place, n0, n1, ..., s, b
CREATE OR REPLACE TEMP VIEW lines AS {part}
