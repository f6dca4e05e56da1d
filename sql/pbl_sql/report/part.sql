-- What are the pillars' numbers and the blend, before a clip and after it, in one target column?
-- no $parameters; {targets} how many columns there are, {target} the place of this one, {sum} and {blend} its columns of
-- `blended`
SELECT long.*, blended.{sum} + 0.0 AS s, blended.{blend} + 0.0 AS b,
    long.row IS DISTINCT FROM blended.row::BIGINT * {targets} + {target} AS off
FROM (SELECT * FROM long WHERE target = {target}) AS long POSITIONAL JOIN blended
