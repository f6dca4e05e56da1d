"""Every fault of a pillar or template gives its code, and leaves no part behind."""

import math
from pathlib import Path

import polars as pl
import pytest

import pbl
import pbl.spark

pytestmark = pytest.mark.usefixtures("plain")

GOOD = [(f"i{n}", n * 0.5 + 1) for n in range(12)]
NAN, INF = math.nan, math.inf


def instead(n, row):
    return [*GOOD[:n], row, *GOOD[n + 1 :]]


def split(put, name, rows, **schema):
    """Write rows as two parts."""
    put(name, rows[::2], **schema)
    return put(name, rows[1::2], **schema)


CONTRACT = pbl.Contract(min=0.0, max=100.0, id_pattern=r"i\d+")
ROWS = {
    "repeated in one part": ([*GOOD, GOOD[0]], "PBL402", 2),
    "repeated across parts": ([*GOOD, GOOD[1]], "PBL402", 2),
    "repeated and missing": ([*GOOD[:-1], GOOD[0]], "PBL402 PBL601", None),
    "missing": (GOOD[:-2], "PBL601", 2),
    "unknown": ([*GOOD, ("i99", 1.0)], "PBL602", 1),
    "missing and unknown": (instead(3, ("i77", 1.0)), "PBL601 PBL602", None),
    "no id": (instead(3, (None, 1.0)), "PBL401 PBL601", None),
    "blank id": (instead(3, ("  ", 1.0)), "PBL401 PBL601", None),
    "two blank ids": ([*GOOD, ("", 1.0), ("", 1.0)], "PBL401", 2),
    "space": (instead(3, ("i3 ", 1.0)), "PBL404 PBL601 PBL602", None),
    "form": ([*GOOD, ("x", 1.0)], "PBL403 PBL602", None),
    "NULL": (instead(3, ("i3", None)), "PBL501", 1),
    "NaN": (instead(3, ("i3", NAN)), "PBL503", 1),
    "infinite": (instead(3, ("i3", INF)), "PBL504", 1),
    "minus infinite": (instead(3, ("i3", -INF)), "PBL504", 1),
    "below": (instead(3, ("i3", -1e-9)), "PBL505", 1),
    "above": (instead(3, ("i3", 100.00000000000001)), "PBL506", 1),
    "no rows": ([], "PBL107", 1),
}


@pytest.mark.parametrize("fault", ROWS)
def test_a_fault_of_a_row_gives_its_code_and_leaves_no_part(spark, put, tmp_path, fault):
    rows, codes, count = ROWS[fault]
    pillars = {"a": split(put, "a", GOOD), "b": split(put, "b", rows)}
    ids = split(put, "ids", [row[:1] for row in GOOD], sample_id=pl.String)
    before = sorted(Path(tmp_path).rglob("*"))
    with pytest.raises(pbl.FindingsError) as caught:
        pbl.spark.blend(spark, pillars, template=ids, contract=CONTRACT, output=str(tmp_path / "blend"))
    found = [each for each in caught.value.report.findings if each.severity == "error"]
    assert {each.code for each in found} == set(codes.split())
    assert {each.pillar for each in found} == {"b"}
    assert count is None or found[0].count == count
    assert all(each.examples for each in found if each.code != "PBL107")
    assert sorted(Path(tmp_path).rglob("*")) == before


def test_a_template_is_checked_but_for_its_targets(spark, put):
    pillars = {"a": split(put, "a", GOOD)}
    odd = [*[(key, NAN) for key, _ in GOOD], ("i3", None)]
    report = pbl.spark.validate(spark, pillars, template=split(put, "ids", odd))
    assert [(each.code, each.pillar, each.count) for each in report.errors()] == [("PBL402", None, 2)]
    short = [(" ", 0.0), *[(key, None) for key, _ in GOOD[1:]]]
    report = pbl.spark.validate(spark, pillars, template=split(put, "short", short))
    assert [(each.code, each.pillar) for each in report.errors()] == [("PBL602", "a"), ("PBL401", None)]
    assert not report.ok
    assert (report.files[0].rows, report.template.rows) == (12, 12)


def test_without_a_template_pillars_have_the_ids_of_the_first(spark, put):
    report = pbl.spark.validate(
        spark, {"a": put("a", GOOD), "b": put("b", GOOD[1:]), "c": put("c", [*GOOD, ("z", 1.0)])}
    )
    assert [(each.code, each.pillar, each.count) for each in report.errors()] == [
        ("PBL601", "b", 1),
        ("PBL602", "c", 1),
    ]
    assert "a (" in report.errors()[0].message


def test_a_handful_of_the_template_s_ids_is_a_placeholder(spark, put):
    template = put("ids", [(f"i{n}", 0.0) for n in range(400)])
    report = pbl.spark.validate(spark, {"a": put("a", GOOD)}, template=template)
    assert [each.code for each in report.errors()] == ["PBL603"]


def test_as_many_examples_as_asked_for_are_told_in_order(spark, put):
    rows = [(key, -value) for key, value in GOOD]
    report = pbl.spark.validate(spark, {"a": split(put, "a", rows)}, contract=CONTRACT, max_examples=3)
    [found] = report.errors()
    assert (found.count, found.column, [each.id for each in found.examples]) == (12, "target", ["i0", "i1", "i10"])
    assert found.examples[0].value == "-1.0"


TEXT, DOUBLE = pl.String, pl.Float64
SCHEMAS = {
    "text": ([{"sample_id": TEXT, "target": TEXT}], "PBL208"),
    "whole target": ([{"sample_id": TEXT, "target": pl.Int64}], "PBL208"),
    "decimal": ([{"sample_id": TEXT, "target": pl.Decimal(9, 2)}], "PBL208"),
    "list": ([{"sample_id": TEXT, "target": pl.List(DOUBLE)}], "PBL208"),
    "double id": ([{"sample_id": DOUBLE, "target": DOUBLE}], "PBL208"),
    "binary id": ([{"sample_id": pl.Binary, "target": DOUBLE}], "PBL208"),
    "no target": ([{"sample_id": TEXT}], "PBL201"),
    "no id": ([{"target": DOUBLE}], "PBL201"),
    "extra": ([{"sample_id": TEXT, "target": DOUBLE, "dt": TEXT}], "PBL202"),
    "case": ([{"sample_id": TEXT, "Target": DOUBLE}], "PBL204"),
    "a part with text": ([{"sample_id": TEXT, "target": DOUBLE}, {"sample_id": TEXT, "target": TEXT}], "PBL208"),
    "a part with whole ids": (
        [{"sample_id": TEXT, "target": DOUBLE}, {"sample_id": pl.Int64, "target": DOUBLE}],
        "PBL208",
    ),
    "a part without the target": ([{"sample_id": TEXT, "target": DOUBLE}, {"sample_id": TEXT}], "PBL201"),
    "a part without the id": ([{"sample_id": TEXT, "target": DOUBLE}, {"target": DOUBLE}], "PBL201"),
    "a part with more": (
        [{"sample_id": TEXT, "target": DOUBLE}, {"sample_id": TEXT, "target": DOUBLE, "x": TEXT}],
        "PBL202",
    ),
    "a part in other case": ([{"sample_id": TEXT, "target": DOUBLE}, {"sample_id": TEXT, "TARGET": DOUBLE}], "PBL202"),
}


@pytest.mark.parametrize(
    ("fault", "sensitive"),
    [(fault, sensitive) for fault, (schemas, _) in SCHEMAS.items() for sensitive in ("false", "true")[: len(schemas)]],
)
def test_a_fault_of_a_schema_gives_its_code_whatever_the_session_is_told(
    spark, put, tmp_path, settings, fault, sensitive
):
    schemas, code = SCHEMAS[fault]
    settings(caseSensitive=sensitive, parquet__mergeSchema=sensitive)
    values = {TEXT: "i", DOUBLE: 1.0, pl.Int64: 7, pl.Binary: b"i", pl.Decimal(9, 2): None, pl.List(DOUBLE): [1.0]}
    for n, schema in enumerate(schemas):
        row = [f"i{n}" if name == "sample_id" and kind == TEXT else values[kind] for name, kind in schema.items()]
        path = put("b", [row], **schema)
    with pytest.raises(pbl.FindingsError) as caught:
        pbl.spark.blend(spark, {"b": path}, output=str(tmp_path / "blend"))
    found = caught.value.report.errors()
    assert {each.code for each in found} == {code}
    assert len(schemas) == 1 or code == "PBL202" or any("part-00001" in each.message for each in found)
    assert not (tmp_path / "blend").exists()
    assert spark.conf.get("spark.sql.caseSensitive") == sensitive


def test_a_part_under_a_partition_is_an_extra_column(spark, put, tmp_path):
    for day in ("dt=2026-01-01", "dt=2026-01-02"):
        (tmp_path / "p" / day).mkdir(parents=True)
        put(f"p/{day}", GOOD)
    report = pbl.spark.validate(spark, {"p": str(tmp_path / "p")})
    assert [(each.code, each.column) for each in report.errors()] == [("PBL202", "dt")]


def test_two_columns_of_one_name_are_refused(spark):
    frame = spark.createDataFrame(GOOD, "sample_id string, target double")
    report = pbl.spark.validate(spark, {"a": frame.select("sample_id", "target", "target")})
    assert [each.code for each in report.errors()] == ["PBL203"]


@pytest.mark.parametrize("ignore", ["false", "true"])
@pytest.mark.parametrize("how", ["path", "frame"])
@pytest.mark.parametrize("torn", ["end", "middle"])
def test_a_torn_part_is_told_and_never_left_aside(spark, put, tmp_path, settings, how, ignore, torn):
    rows = [(f"i{n}", n * 0.1) for n in range(3000)]
    pillar = split(put, "a", rows)
    source = pillar if how == "path" else spark.read.parquet(pillar)
    part = (
        next(Path(pillar).glob("*1.parquet"))
        if (Path(pillar) / "part-00001.parquet").exists()
        else min(Path(pillar).iterdir())
    )
    data = part.read_bytes()
    part.write_bytes(data[: len(data) // 2] if torn == "end" else data[:100] + b"\xff" * 200 + data[300:])
    settings(files__ignoreCorruptFiles=ignore, files__ignoreMissingFiles=ignore)
    with pytest.raises(pbl.FindingsError) as caught:
        pbl.spark.blend(spark, {"a": source}, output=str(tmp_path / "blend"))
    [found] = caught.value.report.errors()
    assert (found.code, found.pillar) == ("PBL101", "a")
    assert part.name in found.message
    assert not (tmp_path / "blend").exists()
