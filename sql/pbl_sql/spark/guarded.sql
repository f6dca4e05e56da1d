-- What is the blend? It is made of rows that keep every rule, judged again while it is written; any other stops it.
-- the $parameters of {blend}, $changed the words; {columns} the blend or the stop
SELECT id, {columns}
FROM {blend}
