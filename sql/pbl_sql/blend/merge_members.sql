-- What are the numbers of the pillars, where several files are one pillar?
-- the $parameters of the members' shares; {numbers} the columns n0_0, n0_1, ... of the pillars, {files} those of the files
CREATE OR REPLACE TABLE pillar_numbers AS SELECT row, id, {numbers} FROM {files}
