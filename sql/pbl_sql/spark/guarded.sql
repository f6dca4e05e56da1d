-- What is the blend? Each row is checked again while it is written, and one that breaks a rule stops the job.
-- the $parameters of {blend}, $changed the message; {columns} the blend or the error
SELECT id, {columns}
FROM {blend}
