-- Which are the first places of each kind of offence?
-- the $parameters of {offences}, $most how many
SELECT p, col, code, id, value
FROM (
    SELECT *, row_number() OVER (PARTITION BY p, col, code ORDER BY id, value) AS place
    FROM ({offences})
)
WHERE place <= $most
ORDER BY p, col, code, place
