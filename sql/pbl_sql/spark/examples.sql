-- Which are the first places of each kind of offence?
-- the $parameters of {offences}, $most how many; an id that is no UTF-8 can't leave the engine, so it is made one
SELECT p, col, code, make_valid_utf8(id) AS id, value
FROM (
    SELECT *, row_number() OVER (PARTITION BY p, col, code ORDER BY id, value) AS place
    FROM ({offences})
)
WHERE place <= $most
ORDER BY p, col, code, place
