"""What is found of pillars' ids and numbers beside each other is what `pbl validate` finds of the same rows."""

import polars as pl
import pytest

import pbl
import pbl.spark

pytestmark = pytest.mark.usefixtures("plain")

TWO = {"sample_id": pl.String, "a": pl.Float64, "b": pl.Float64}
WIDE = pbl.Contract(targets=("a", "b"))


def rows(*columns):
    return [(f"i{n}", *numbers) for n, numbers in enumerate(zip(*columns, strict=True))]


def told(report):
    return [(f.code, f.severity, f.pillar, f.column, f.count, f.message) for f in report.findings]


HALVES = [n / 20 for n in range(20)]
PILLARS = {
    "labels": ([n % 3 for n in range(20)], [n % 4 for n in range(20)]),
    "labels, but one": ([n % 3 for n in range(20)], [*(n % 4 for n in range(19)), 0.5]),
    "whole numbers that all differ": (list(range(20)), list(range(1, 21))),
    "more than 20 whole numbers": ([n % 21 for n in range(63)], [n % 22 for n in range(63)]),
    "negative labels": ([-(n % 2) for n in range(20)], [n % 2 for n in range(20)]),
    "one outside 0 and 1": (HALVES, [h * 0.9 for h in HALVES], [h * 3 - 1 for h in HALVES]),
    "a hair outside": (HALVES, [h * 0.9 for h in HALVES], [h - 1e-7 for h in HALVES]),
    "two outside": (HALVES, [h * 2 for h in HALVES], [h * 3 for h in HALVES]),
    "beyond whole numbers of 64 bits": ([1e300 + n * 1e290 for n in range(20)], [-1e200 * n for n in range(20)]),
    "constant": ([0.5] * 20, HALVES),
    "a copy": (HALVES, HALVES),
    "another scale": (HALVES, [h * 0.9 for h in HALVES], [h * 50 for h in HALVES]),
}


@pytest.mark.parametrize("case", PILLARS)
def test_one_target(spark, put, case):
    folders = {f"p{n}": put(f"p{n}", rows(map(float, column))) for n, column in enumerate(PILLARS[case])}
    found, wanted = pbl.spark.validate(spark, folders), pbl.validate(pillars=folders)
    assert [each[:5] for each in told(found)] == [each[:5] for each in told(wanted)]
    if case not in {"a copy", "another scale", "constant", "beyond whole numbers of 64 bits"}:
        assert told(found) == told(wanted)


CHANCES = ([0.25, 0.5, 0.125], [0.75, 0.5, 0.875])
SUMS = {
    "two sum to 1 and one doesn't": (CHANCES, CHANCES, ([0.25, 0.5, 0.5], [0.5, 0.25, 0.75])),
    "none does": (([0.25, 0.5, 0.5], [0.5, 0.25, 0.75]), ([0.2, 0.4, 0.1], [0.4, 0.2, 0.3])),
    "nearly": (CHANCES, ([0.2505, 0.5, 0.125], [0.75, 0.5005, 0.875]), ([0.252, 0.5, 0.125], [0.75, 0.5, 0.875])),
}


@pytest.mark.parametrize("case", SUMS)
def test_row_sums(spark, put, tmp_path, monkeypatch, case):
    folders = {f"p{n}": put(f"p{n}", rows(*each), **TWO) for n, each in enumerate(SUMS[case])}
    found = pbl.spark.validate(spark, folders, contract=WIDE)
    (tmp_path / "pbl.toml").write_text('[contract]\ntargets = ["a", "b"]\n')
    monkeypatch.chdir(tmp_path)
    wanted = pbl.validate(pillars=folders)
    of = [each for each in told(wanted) if each[0] == "PBL610"]
    assert [each for each in told(found) if each[0] == "PBL610"] == of
    assert bool(of) == (case != "none does")


DAMAGED = {
    "no UTF-8": ("61FF62", "PBL103"),
    "half a letter": ("C3", "PBL103"),
    "NUL": ("610062", "PBL106"),
    "NUL alone": ("00", "PBL106"),
}


@pytest.mark.parametrize("case", DAMAGED)
def test_ids_that_are_no_text_are_found_in_pillar_and_template_and_nothing_is_written(spark, put, tmp_path, case):
    damage, code = DAMAGED[case]
    good = put("good", [("a", 1.0), ("b", 2.0)])
    bad = spark.sql(f"SELECT 'a' AS sample_id, 1.0D AS target UNION ALL SELECT CAST(unhex('{damage}') AS STRING), 2.0D")
    bad.write.parquet(str(tmp_path / "bad"))
    out = tmp_path / "out"
    for pillars, template, name in (
        ({"one": good, "two": str(tmp_path / "bad")}, None, "two"),
        ({"one": good}, str(tmp_path / "bad"), None),
    ):
        with pytest.raises(pbl.FindingsError) as caught:
            pbl.spark.blend(spark, pillars, template=template, output=str(out))
        found = [each for each in caught.value.report.errors() if each.code == code]
        assert [(each.pillar, each.count, each.column) for each in found] == [(name, 1, "sample_id")]
        assert not out.exists()
