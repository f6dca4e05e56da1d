-- How many places has each kind of offence?
-- the $parameters of {offences}
SELECT p, col, code, count(*) AS n
FROM ({offences})
GROUP BY p, col, code
