"""What isn't data is refused, changes are noticed, and no failure or secret is left behind."""

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
CONTRACT = pbl.Contract(min=0.0, max=100.0, id_pattern=r"i\d+")


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


def test_many_columns_that_are_not_expected_are_one_finding_as_of_a_file(spark, put):
    for count, columns in ((5, [f"f{n}" for n in range(5)]), (768, [None])):
        extra = {f"f{n}": pl.Float64 for n in range(count)}
        path = put(f"a{count}", [("i1", 1.0, *[0.5] * count)], sample_id=pl.String, target=pl.Float64, **extra)
        found = pbl.spark.validate(spark, {"a": path}).errors()
        assert [(each.code, each.column) for each in found] == [("PBL202", column) for column in columns]
        (file,) = Path(path).iterdir()
        local = pbl.validate(file).errors()
        assert [(each.message, each.count) for each in found] == [(each.message, each.count) for each in local]
    assert found[0].message.startswith("768 columns are not expected")
    assert [each.value for each in found[0].examples] == [f"f{n}" for n in range(5)]


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
    put("a", GOOD[::2])
    pillar = put("a", GOOD[1::2])
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
