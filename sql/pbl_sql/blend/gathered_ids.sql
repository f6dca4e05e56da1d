-- What does the template give to gather.sql?
-- no $parameters; {file} the template
(SELECT row, id FROM {file})
