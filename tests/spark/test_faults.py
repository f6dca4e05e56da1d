"""Every fault of a pillar or template gives its code, and leaves no part behind."""

import math
import traceback
from pathlib import Path

import polars as pl
import pytest

import pbl
import pbl.spark
from pbl.spark import blending
from pbl.spark.recipe import NAME

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


def test_csv_is_refused_however_it_comes(spark, tmp_path, settings):
    (tmp_path / "a.csv").write_text("sample_id,target\ni1,1.5\n")
    (tmp_path / "folder").mkdir()
    (tmp_path / "folder" / "part.csv").write_text("sample_id,target\ni1,1.5\n")
    (tmp_path / "plain").mkdir()
    (tmp_path / "plain" / "part").write_text("sample_id,target\ni1,1.5\n")
    schema = "sample_id string, target double"
    read = spark.read.option("header", "true").schema(schema)
    sources = [str(tmp_path / "a.csv"), str(tmp_path / "folder"), read.csv(str(tmp_path / "a.csv"))]
    sources += [read.csv(str(tmp_path / "plain")), read.csv(str(tmp_path / "plain")).cache()]
    settings(sources__useV1SourceList="")
    sources.append(read.csv(str(tmp_path / "plain")))
    for source in sources:
        for given in (
            {"pillars": {"a": source}},
            {"pillars": {"a": spark.createDataFrame(GOOD, schema)}, "template": source},
        ):
            with pytest.raises(pbl.PblError, match="CSV"):
                pbl.spark.blend(spark, **given, output=str(tmp_path / "blend"))
    assert not (tmp_path / "blend").exists()


def test_what_is_not_there_is_an_error_and_an_empty_folder_a_finding(spark, tmp_path):
    with pytest.raises(pbl.PblError, match="not there") as caught:
        pbl.spark.validate(spark, {"a": str(tmp_path / "a")})
    assert caught.value.exit_code == 2
    (tmp_path / "a").mkdir()
    assert [each.code for each in pbl.spark.validate(spark, {"a": str(tmp_path / "a")}).errors()] == ["PBL102"]
    with pytest.raises(pbl.PblError, match="list"):
        pbl.spark.validate(spark, {"a": [1]})


def test_a_folder_that_is_there_is_never_written_into(spark, put, tmp_path):
    (tmp_path / "blend").mkdir()
    (tmp_path / "blend" / "mine").write_text("mine")
    with pytest.raises(pbl.PblError, match="there already"):
        pbl.spark.blend(spark, {"a": put("a", GOOD)}, output=str(tmp_path / "blend"))
    assert [each.name for each in (tmp_path / "blend").iterdir()] == ["mine"]


def test_an_infinite_blend_is_refused(spark, put, tmp_path):
    pillars = {name: put(name, [("i", 1.7e308), ("j", 1.0)]) for name in "ab"}
    with pytest.raises(pbl.PblError, match="not finite in 1 rows"):
        pbl.spark.blend(spark, pillars, weights=[1, 1], raw_weights=True, output=str(tmp_path / "blend"))
    assert not (tmp_path / "blend").exists()


CHANGES = {
    "a number": "not what was checked",
    "a bad number": "after it was checked",
    "an id twice": "after it was checked",
    "a part more": "other parts",
    "a part less": "after it was checked",
}


@pytest.mark.parametrize("change", CHANGES)
def test_input_that_changes_between_check_and_write_is_noticed(spark, put, tmp_path, monkeypatch, change):
    pillar = split(put, "a", GOOD)
    part = min(Path(pillar).iterdir())
    check = blending.check

    def check_then_change(*arguments, **rest):
        checked = check(*arguments, **rest)
        if change == "a part more":
            put("a", [("z", 1.0)])
        elif change == "a part less":
            part.unlink()
        elif change == "an id twice":
            frame = pl.read_parquet(part)
            pl.concat([frame, frame.head(1)]).write_parquet(part)
        else:
            frame = pl.read_parquet(part)
            number = -1.0 if change == "a bad number" else 2.5
            frame.with_columns(
                target=pl.when(pl.col("sample_id") == "i2").then(number).otherwise("target")
            ).write_parquet(part)
        return checked

    monkeypatch.setattr(blending, "check", check_then_change)
    with pytest.raises(pbl.PblError, match=CHANGES[change]) as caught:
        pbl.spark.blend(spark, {"a": pillar}, contract=CONTRACT, output=str(tmp_path / "blend"))
    assert type(caught.value).__name__ == "ChangedError"
    assert not (tmp_path / "blend").exists()


def test_a_frame_of_other_rows_each_time_it_is_asked_is_noticed(spark, tmp_path):
    chance = "CAST(java_method('java.lang.Math', 'random') AS DOUBLE)"
    frame = spark.sql(f"SELECT CAST(id AS STRING) AS sample_id, {chance} AS target FROM range(20)")  # noqa: S608 - a test's own text
    with pytest.raises(pbl.PblError, match="changed"):
        pbl.spark.blend(spark, {"a": frame}, output=str(tmp_path / "blend"))
    assert not (tmp_path / "blend").exists()


def test_a_failure_before_the_recipe_leaves_no_blend(spark, put, tmp_path, monkeypatch):
    def fail(*_, **__):
        raise pbl.PblError("no recipe")

    monkeypatch.setattr(blending, "put_recipe", fail)
    with pytest.raises(pbl.PblError, match="no recipe"):
        pbl.spark.blend(spark, {"a": put("a", GOOD)}, output=str(tmp_path / "blend"))
    assert not (tmp_path / "blend").exists()


def test_no_secret_goes_into_a_message(spark):
    for path in (
        "s3x://me:hunter2@bucket/a?sig=hunter2",
        "file://me:hunter2@host/a",
        "abfss://c@acc/x;password=hunter2",
    ):
        for given in ({"pillars": {"a": path}, "output": "o"}, {"pillars": {"a": "/nowhere"}, "output": path}):
            with pytest.raises(pbl.PblError) as caught:
                pbl.spark.blend(spark, **given)
            assert caught.value.__context__ is None
            assert "hunter2" not in "".join(traceback.format_exception(caught.value))


def test_no_secret_goes_into_the_recipe(spark, put, tmp_path):
    pillar = put("a", GOOD)
    frame = spark.read.option("password", "hunter2").parquet(f"file://{pillar}")
    pillars = {"a": f"file://{pillar}", "b": frame}
    recipe = pbl.spark.blend(spark, pillars, output=f"file://{tmp_path}/blend")
    assert [each.path for each in recipe.inputs] == [f"file://{pillar}", "DataFrame"]
    assert "hunter2" not in (tmp_path / "blend" / NAME).read_text()


def test_what_is_only_odd_is_a_warning_and_blended(spark, put, tmp_path):
    flat = [(key, 4.0) for key, _ in GOOD]
    huge = [(key, value * 1000) for key, value in GOOD]
    pillars = {"a": put("a", GOOD), "b": put("b", GOOD), "c": put("c", flat), "d": put("d", huge)}
    report = pbl.spark.validate(spark, pillars)
    assert [(each.code, each.pillar) for each in report.findings] == [("PBL606", "b"), ("PBL551", "c"), ("PBL607", "d")]
    assert report.ok
    assert pbl.spark.blend(spark, pillars, output=str(tmp_path / "blend")).output.rows == 12
