-- In how many of the clipped rows is a pillar itself below the bound?
-- $clip_min; {file} the pillar, {below} the condition
SELECT count(*) FILTER (WHERE {below}) FROM {file} AS f SEMI JOIN (SELECT id FROM blended WHERE clipped) AS b ON f.id = b.id
