-- What does the template bring to the gathering?
-- no $parameters; {file} the template
(SELECT row, id FROM {file})
