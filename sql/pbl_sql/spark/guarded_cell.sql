-- What is one number of the blend? None, but a stop, where a rule isn't kept.
-- $changed the words; {good} whether all is well, {number} the number
CASE WHEN {good} THEN {number} ELSE CAST(raise_error($changed) AS DOUBLE) END
