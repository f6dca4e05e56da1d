-- Which beginning and end have most of the ids that are unknown (here) or missing (there), but not their counterparts?
-- One row: which side has it, the text, how many of the ids looked at have it, and how many were looked at.
-- $few how many ids to look at; unknown and missing are the answers to unmatched.sql
WITH few AS (SELECT canonical AS u FROM unknown ORDER BY row LIMIT $few),
pairs AS (SELECT u, m.canonical AS m FROM few JOIN missing AS m ON contains(u, m.canonical) OR contains(m.canonical, u)),
sides AS (
    SELECT u, 'here' AS side, u AS whole, m AS part FROM pairs WHERE contains(u, m)
    UNION ALL SELECT u, 'there', m, u FROM pairs WHERE contains(m, u)
),
affixes AS (
    SELECT u, side, left(whole, strpos(whole, part) - 1) AS begins, substr(whole, strpos(whole, part) + length(part)) AS ends
    FROM sides WHERE part <> ''
)
SELECT side, begins, ends, count(DISTINCT u) AS n, (SELECT count(*) FROM few) AS few
FROM affixes GROUP BY side, begins, ends
ORDER BY n DESC, length(begins) + length(ends), side, begins, ends LIMIT 1
