-- What is one number of the blend? Where a rule is broken, an error stops the job.
-- $changed the message; {good} whether every rule is kept, {number} the number
CASE WHEN {good} THEN {number} ELSE CAST(raise_error($changed) AS DOUBLE) END
