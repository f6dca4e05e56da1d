"""The contract in Spark's SQL and the Pandera schema give the same verdict on the same cells."""

import math

import polars as pl
import pytest
from pandera.errors import SchemaErrors
from pbl_schemas.prediction import prediction_schema
from pbl_sql import ask

from pbl.checks.codes_spark import id_code, number_code
from pbl.domain.contract import Contract
from pbl.domain.values import NUMBER
from pbl.spark._session import rows_of

pytestmark = pytest.mark.usefixtures("plain")

SPACES = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2009\u200a\u2028\u2029\u202f\u205f\u3000"
NOT_SPACES = "\x1c\x1f\u180e\u200b\u200d\u2060\ufeff\0"
IDS = [
    *(
        "",
        "a",
        "A",
        "ab",
        "1",
        "12",
        "ID1__a",
        "id_1-x",
        "é",
        "ß",
        "É",
        "日本",
        "1\u0661",
        "\uff11",
        "a.b",
        "a\nb\nc",
        "x\ny",
    ),
    *("x\\y", "\U0001d400", "a\U0001f600b", "a\u0301", "'", '"', "`", "$x", ":x", "{p0}", "--", "%"),
    *(form.format(space) for space in SPACES for form in ("{}", "{}a", "a{}", "a{}b")),
    *(form.format(odd) for odd in NOT_SPACES for form in ("{}", "{}a", "a{}")),
]
PATTERNS = [
    *(
        None,
        "a",
        "a|ab",
        r"\w+",
        r"\W+",
        r"\d+",
        r"\D+",
        r"\d{2}",
        r"a\sb",
        r"a\Sb",
        "a.b",
        "(?s)a.b",
        "(?m)a$.^b",
        "^a$",
    ),
    *(
        r"a\nb",
        r"a\vb",
        r"a\x0bb",
        r"(?i)É",
        r"(?P<name_a>a)(?:b)?",
        "[a-z]+",
        r"[\w.-]+",
        r"[^\d]+",
        r"\ba\b.*",
        r"a\Bb",
    ),
    *(r"a\tb", r"\$x", r"\{p0\}", "[^a]", ".", "..", r"\\", r"x\\y", "(a|b)+?", r"\A.\z?"),
]
NUMBERS = [
    0.0,
    -0.0,
    0.5,
    1.0,
    math.nextafter(1, 2),
    math.nextafter(1, 0),
    -1.0,
    5e-324,
    -5e-324,
    1.7976931348623157e308,
]
NUMBERS += [-1.7976931348623157e308, math.inf, -math.inf, math.nan, None, 0.1, 1e22, -7.25]


def schema_codes(column, texts, **contract):
    """Ask the Pandera schema, of ids that differ, for the codes by place."""
    ids = texts if column == "id" else [f"i{n}" for n in range(len(texts))]
    targets = ["0" if column == "id" else text for text in texts]
    frame = pl.DataFrame({"id": ids, "t0": targets if column != "id" else ["0"] * len(texts)})
    try:
        prediction_schema(id="id", targets=["t0"], number=NUMBER, **contract).validate(frame, lazy=True)
    except SchemaErrors as errors:
        cases = errors.failure_cases.filter(pl.col("column") == column)
        return dict(zip(cases["index"], cases["check"], strict=True))
    return {}


def spark_codes(spark, code, cells, kind):
    frame = spark.createDataFrame([(n, cell) for n, cell in enumerate(cells)], f"place int, cell {kind}")
    sql = ask("spark/facts", facts=code.sql.__class__(f"place, {code.sql} AS code"), rows=code.sql.__class__("{p0}"))
    return {row["place"]: row["code"] for row in rows_of(spark, sql, code.values, {"p0": frame}) if row["code"]}


@pytest.mark.parametrize("pattern", PATTERNS)
def test_ids_have_the_verdict_of_the_schema(spark, pattern):
    cells = list(dict.fromkeys(IDS))
    wanted = schema_codes("id", cells, id_pattern=pattern) | {
        n: "PBL106" for n, cell in enumerate(cells) if "\0" in cell
    }
    found = spark_codes(spark, id_code(Contract(id_pattern=pattern), "cell"), cells, "string")
    assert {cells[n]: code for n, code in found.items()} == {cells[n]: code for n, code in wanted.items()}


@pytest.mark.parametrize(("low", "high"), [(None, None), (0.0, None), (None, 1.0), (-0.0, 0.0), (5e-324, 1e308)])
def test_numbers_have_the_verdict_of_the_schema(spark, low, high):
    texts = ["" if number is None else repr(number) for number in NUMBERS]
    wanted = schema_codes("t0", texts, minimum=low, maximum=high)
    found = spark_codes(spark, number_code(Contract(min=low, max=high), "cell"), NUMBERS, "double")
    assert found == wanted


def test_no_id_at_all_is_missing(spark):
    assert spark_codes(spark, id_code(Contract(), "cell"), [None, "a"], "string") == {0: "PBL401"}
