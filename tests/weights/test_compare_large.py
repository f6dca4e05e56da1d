"""Large files are compared as small ones are: the same digits, whatever way their rows and ranks were found."""

import json
import re
from dataclasses import replace
from pathlib import Path

import numpy as np
import polars as pl
import pytest
from pbl_sql import Sql
from scipy import stats
from support.making import command, shuffled, write

from pbl.blending.plan import plan_blend
from pbl.checks.validate import validate
from pbl.domain.errors import EngineError, FindingsError
from pbl.domain.limits import SIZES, Limits
from pbl.domain.progress import Progress
from pbl.engine.duck import open_duck
from pbl.project.pillar_files import select_pillars
from pbl.weights import _pairs
from pbl.weights._pairs import _rank
from pbl.weights.compare import compare, open_comparison

pytestmark = pytest.mark.usefixtures("here")

LARGE = Limits(sizes=replace(SIZES, large=1, block=4096, rows=50))
"""Every file is one to be read in batches."""
LITTLE = 1 << 10
"""Memory in which polars must rank no column."""


def columns(seed, rows):
    """Give columns of numbers that are hard to rank, by name."""
    chance = np.random.default_rng(seed)
    zeros = np.where(chance.random(rows) < 0.5, 0.0, -0.0)
    return {
        "plain": chance.normal(size=rows),
        "ties": np.round(chance.normal(size=rows), 1),
        "zeros": np.where(chance.random(rows) < 0.7, zeros, np.round(chance.normal(size=rows))),
        "subnormal": chance.integers(-20, 20, rows) * 5e-324,
        "huge": chance.uniform(-1, 1, rows) * 1.7e308,
        "constant": np.full(rows, 2.5),
        "mixed": chance.permutation(
            np.resize([0.0, -0.0, 5e-324, -5e-324, 1.7e308, -1.7e308, 1.0, 1.0 + 2**-52], rows)
        ),
    }


def written(tables, ids, seed=0):
    for place, (name, numbers) in enumerate(tables.items()):
        rows = dict(zip(ids, map(float, numbers), strict=True))
        keys = list(rows) if seed is None else shuffled(rows, seed + place)
        write(f"{name}.csv", {key: rows[key] for key in keys})
    return [Path(f"{name}.csv") for name in tables]


def found(paths, limits=Limits()):
    return json.dumps(compare(plan_blend(select_pillars(paths)), spill=Path(), limits=limits).to_json())


@pytest.mark.parametrize("rows", [1, 2, 500])
@pytest.mark.parametrize("seed", range(3))
def test_polars_and_the_database_give_scipys_ranks(seed, rows):
    with open_duck({}, Limits(threads=1), size=0, spill=Path()) as duck:
        for n, (name, numbers) in enumerate(columns(seed, rows).items()):
            with duck.batch(pl.DataFrame({f"n{n}": numbers}).with_row_index("row")):
                duck.run("files/first_rows", table="long")
            both = []
            for limits in (Limits(), Limits(memory=LITTLE)):
                _rank(duck, n, rows, limits)
                both.append(duck.frame("files/cells", table=f"ranks{n}", columns=Sql(f"q{n}"))[f"q{n}"].to_list())
            wanted = (stats.rankdata(numbers) - (rows + 1) / 2) / rows
            assert both == [wanted.tolist(), wanted.tolist()], name


@pytest.mark.parametrize("seed", range(4))
def test_spearmans_correlation_is_scipys(seed):
    tables = {name: numbers for name, numbers in columns(seed, 400).items() if name not in {"huge", "mixed"}}
    paths = written(tables, [f"s{k:03}" for k in range(400)])
    for each in json.loads(found(paths))["pairs"]:
        still = "constant" in {each["a"], each["b"]}
        wanted = None if still else stats.spearmanr(tables[each["a"]], tables[each["b"]]).statistic
        assert each["spearman"] == (None if still else pytest.approx(wanted, abs=1e-12)), (each["a"], each["b"])


@pytest.mark.parametrize(
    "spell",
    [lambda k: f"s{k:03}", lambda k: f"s{k // 3}__{'abc'[k % 3]}", lambda k: f"é{k}"],
    ids=["ascending", "named", "not ascii"],
)
def test_no_way_of_reading_sorting_or_ranking_shows_in_any_digit(spell):
    ids = [spell(k) for k in range(300)]
    tables = {name: numbers for name, numbers in columns(7, 300).items() if name in {"plain", "ties", "zeros"}}
    told = set()
    for seed in (None, 1, 2):
        paths = written(tables, ids, seed)
        for limits in (Limits(), LARGE, replace(LARGE, memory=100 << 20, threads=2), Limits(memory=100 << 20)):
            told.add(found(paths, limits))
    assert len(told) == 1


@pytest.mark.parametrize("size", [1.0, 1e-310, 1e-200, 1e200, 2e307])
def test_numbers_of_any_size_have_their_moments(size):
    chance = np.random.default_rng(5)
    small = {name: np.round(chance.uniform(-4, 4, 200), 3) for name in "ab"} | {"c": chance.normal(size=200) * 1e-3}
    tables = {name: numbers * size for name, numbers in small.items()}
    told = json.loads(found(written(tables, [f"s{k:03}" for k in range(200)])))
    exact = {name: numbers.astype(np.longdouble) for name, numbers in tables.items()}
    close = {"rel": 1e-12, "abs": 5e-323}
    for each in told["pillars"]:
        numbers = exact[each["pillar"]]
        for told_of in (each, each["per_target"]["target"]):
            assert told_of["mean"] == pytest.approx(float(numbers.mean()), **close)
            assert told_of["sd"] == pytest.approx(float(numbers.std(ddof=1)), **close)
    for each in told["pairs"]:
        a, b = exact[each["a"]], exact[each["b"]]
        assert each["rmse"] == pytest.approx(float(np.sqrt(((a - b) ** 2).mean())), **close)
        assert each["max_abs_difference"] == pytest.approx(float(abs(a - b).max()), **close)
        wanted = ((a - a.mean()) * (b - b.mean())).sum() / (a.std() * b.std() * len(a))
        assert each["pearson"] == pytest.approx(float(wanted), abs=1e-12)
        assert each["spearman"] == pytest.approx(stats.spearmanr(tables[each["a"]], tables[each["b"]]).statistic)
    blend = sum(exact.values()) / 3
    for each in told["leave_one_out"]:
        without = sum(numbers for name, numbers in exact.items() if name != each["pillar"]) / 2
        assert each["rmse"] == pytest.approx(float(np.sqrt(((blend - without) ** 2).mean())), **close)
        assert each["max_abs"] == pytest.approx(float(abs(blend - without).max()), **close)


@pytest.mark.parametrize("size", [1e-310, 1.0, 1e307])
def test_copies_and_lines_are_told_of_numbers_of_any_size(size):
    numbers = np.random.default_rng(6).uniform(-5, 5, 100) * size
    paths = written({"a": numbers, "b": numbers * 2 + size, "c": numbers}, [f"s{k:03}" for k in range(100)])
    told = {each["a"] + each["b"]: each for each in json.loads(found(paths))["pairs"]}
    assert told["ac"]["same"] == "copy"
    assert told["ab"]["same"] == "affine"
    assert (told["ab"]["slope"], told["ab"]["intercept"]) == (pytest.approx(2), pytest.approx(size, rel=1e-5))


def test_a_copy_has_every_number_and_the_sign_of_nought_is_none():
    large = [2.0**1000, 0.0, 1.0, 2.0]
    paths = written(
        {"a": large, "b": [*large[:1], 5e-324, *large[2:]], "c": [*large[:1], -0.0, *large[2:]]}, list("wxyz")
    )
    told = {each["a"] + each["b"]: each["same"] for each in json.loads(found(paths))["pairs"]}
    assert told == {"ab": "affine", "ac": "copy", "bc": "affine"}


def test_a_difference_too_large_for_a_double_is_null():
    paths = written({"a": [1.7e308, -1.7e308, 0.0], "b": [-1.7e308, 1.7e308, 1.0]}, ["x", "y", "z"])
    done = command("compare", *paths, "--format", "json")
    assert done.code == 0, done.talk
    told = json.loads(done.out)
    assert told["pairs"][0]["max_abs_difference"] is None
    assert told["pairs"][0]["pearson"] == pytest.approx(-1)
    assert [each["range"] for each in told["disagreements"]] == [None, None, 1.0]
    assert command("compare", *paths).code == 0


@pytest.mark.parametrize("limits", [Limits(), LARGE], ids=["small", "large"])
@pytest.mark.parametrize("template", [True, False])
def test_a_comparison_knows_what_validate_finds(limits, template):
    tables = {name: numbers for name, numbers in columns(2, 300).items() if name != "mixed"}
    tables["copy"] = tables["plain"]
    paths = written(tables, [f"s{k:03}" for k in range(300)])
    paths[-1].write_text(paths[-1].read_text().rstrip("\n"))
    write("sample_submission.csv", {f"s{k:03}": 0.0 for k in range(300)})
    chosen = select_pillars(paths, template=Path("sample_submission.csv") if template else None)
    with open_comparison(plan_blend(chosen), spill=Path(), limits=limits) as compared:
        told = compared.report.to_json()
    assert told == validate(chosen, spill=Path()).to_json()
    assert {"PBL551", "PBL604", "PBL606", "PBL701"} <= {each["code"] for each in told["findings"]}


def test_a_large_file_with_a_finding_is_not_compared_and_told():
    paths = written(columns(1, 300), [f"s{k:03}" for k in range(300)])
    paths[1].write_text(paths[1].read_text().replace("s007,", "s007,x", 1))
    with pytest.raises(FindingsError, match="PBL502"):
        found(paths, LARGE)


@pytest.mark.parametrize("separator", ["__", "_", "a", "aa", "é", "::"])
def test_the_last_separator_parts_sample_and_target_name(separator):
    chance = np.random.default_rng(3)
    letters = [separator, separator[0], "_", "b", "é", "👍🏽", "\n", "a"]
    ids = ["".join(chance.choice(letters, size=chance.integers(1, 7))) for _ in range(2000)]
    with open_duck({}, Limits(threads=1), size=0, spill=Path()) as duck:
        with duck.batch(pl.DataFrame({"id": ids}).with_row_index("row")):
            duck.run("files/first_rows", table="aligned")
        values = {"split": f"(?s)^(.*){re.escape(separator)}(.*)$", "separator": separator, "column": "none"}
        duck.run("blend/name_rows", values, rows="aligned")
        frame = duck.frame("files/cells", table="named", columns=Sql("id, sample, name"))
    for text, sample, name in frame.rows():
        head, there, tail = text.rpartition(separator)
        assert (sample, name) == ((head, tail) if there else (text, "none")), text


def test_ranks_that_do_not_stand_beside_their_numbers_are_no_answer(monkeypatch):
    def reverse(duck, pillar, rows, _):
        ranks = pl.DataFrame({"row": range(rows)[::-1], f"q{pillar}": [0.5] * rows})
        with duck.batch(ranks):
            duck.run("files/first_rows", table=f"ranks{pillar}")

    monkeypatch.setattr(_pairs, "_rank", reverse)
    paths = written({"a": [1.0, 2.0, 3.0, 4.0], "b": [1.0, 3.0, 2.0, 4.0]}, ["s1", "s2", "s3", "s4"])
    with pytest.raises(EngineError, match="rows do not stand beside their own"):
        found(paths)


def test_a_large_file_is_said_to_be_read(monkeypatch):
    stages = []
    monkeypatch.setattr(Progress, "stage", lambda _, text, *__: stages.append(text))
    compare(
        plan_blend(select_pillars(written(columns(1, 90), [f"s{k:03}" for k in range(90)]))), spill=Path(), limits=LARGE
    )
    assert stages == ["reading about 90 rows of 7 files", "sorting by id", "comparing the numbers"]
