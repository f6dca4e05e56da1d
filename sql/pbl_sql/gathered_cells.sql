-- What does one file bring to the gathering?
-- no $parameters; {file} the file, {cells} its text columns, {numbers} the same as numbers
(SELECT row, id, {cells}, {numbers} FROM {file})
