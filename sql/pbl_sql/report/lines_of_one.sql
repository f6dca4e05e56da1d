-- What are the pillars' numbers and the blend, where there is one target column? Its rows are in that order already.
-- no $parameters; {part} row, id, target, place, n0, n1, ..., s, b
CREATE OR REPLACE VIEW lines AS {part}
