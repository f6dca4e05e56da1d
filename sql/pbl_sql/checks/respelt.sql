-- Which unknown ids are missing ones in another spelling (1, 001, 1.0; case; spaces; a-1, a_1; a\1, a/1)?
-- no $parameters; unknown and missing are the answers to unmatched.sql
CREATE OR REPLACE TABLE respelt AS
SELECT min(u.row) AS row, min(u.id) AS id, min(m.id) AS meant, min(m.row) AS meant_row
FROM unknown AS u JOIN missing AS m ON u.canonical = m.canonical
GROUP BY u.canonical
HAVING count(DISTINCT u.id) = 1 AND count(DISTINCT m.id) = 1
ORDER BY row
