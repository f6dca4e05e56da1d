-- Does this engine compute as Spark does? One row, whose right answers are known.
-- $low_bound 0.0; in hex $one "a" and LF, $two a non-ASCII letter, $whole a pattern of "a"; $x, $y, $z whose product and
-- sum shows whether they are fused
SELECT
    max(CASE WHEN k = 1 THEN v END) AS lowest,
    max(CASE WHEN k = 9 THEN v END) AS nothing,
    max(CASE WHEN k = 2 THEN v END) AS nan_is_largest,
    min(CASE WHEN k = 2 THEN v END) AS least,
    CAST(max(CASE WHEN k = 3 THEN greatest($low_bound, v) END) AS STRING) AS zero,
    CAST(max(CASE WHEN k = 3 THEN v END) AS STRING) AS negative_zero,
    max(greatest($low_bound, CASE WHEN k = 9 THEN v END)) AS greatest_of_null,
    max(CASE WHEN k = 4 THEN v * $x + $y * $z END) AS product,
    max(CASE WHEN k = 3 THEN xxhash64('abc', v + 1.5D) END) AS hash,
    max(CASE WHEN k = 3 THEN xxhash64(CAST(unhex($two) AS STRING), v) END) AS other_hash,
    max(CAST(unhex($one) AS STRING) RLIKE CAST(unhex($whole) AS STRING)) AS ends,
    max(is_valid_utf8(CAST(unhex($two) AS STRING))) AS valid,
    max(is_valid_utf8(CAST(unhex('61FF') AS STRING))) AS invalid,
    max(instr(CAST(unhex('610062') AS STRING), CAST(unhex('00') AS STRING))) AS nul,
    CAST(sum(CAST(CASE WHEN k > 3 THEN 9223372036854775807 END AS DECIMAL(20, 0))) AS STRING) AS total
FROM VALUES
    (1, double('-infinity')), (2, 1e308D), (2, double('nan')), (2, 3e0D), (3, -0.0D), (4, $y), (5, 1e0D) AS t (k, v)
