-- What are the ids and numbers of one pillar, and the code of what is wrong with each cell?
-- the $parameters of {id_code} and {codes}; {place} the pillar's, {casts} its numbers as doubles v0, v1, ..., {frame} the frame
SELECT id, {place} AS p, {numbers}, {id_code} AS c, {codes}
FROM (SELECT CAST(id AS STRING) AS id, {casts} FROM {frame})
