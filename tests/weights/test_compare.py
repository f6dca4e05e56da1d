"""A comparison's numbers are numpy's and scipy's, whatever the files' order and the threads."""

import json
from pathlib import Path

import numpy as np
import pytest
from scipy import stats
from support.making import command, process, shuffled, write

import pbl

pytestmark = pytest.mark.usefixtures("here")

NAMES = ("a", "b", "c")


def table(seed, samples=40):
    """Give samples x names, with ties and zeros of both signs."""
    numbers = np.round(np.random.default_rng(seed).normal(1, 2, size=(samples, len(NAMES))), 1)
    numbers[0, :2] = 0.0, -0.0
    return numbers


def write_pillars(tables, form="rows", *, seed=0, toml=""):
    head = f"[contract]\ntargets = {list(NAMES)}\n" if form == "columns" else ""
    Path("pbl.toml").write_text(head + toml, encoding="utf-8")
    for place, (name, numbers) in enumerate(tables.items()):
        if form == "columns":
            rows = {f"s{k:03}": tuple(map(float, row)) for k, row in enumerate(numbers)}
        else:
            rows = {f"s{k:03}__{n}": float(row[i]) for k, row in enumerate(numbers) for i, n in enumerate(NAMES)}
        header = ("sample_id", *NAMES) if form == "columns" else ("sample_id", "target")
        write(f"{name}.csv", {key: rows[key] for key in shuffled(rows, seed + place)}, header)
    return [f"{name}.csv" for name in tables]


def compared(*words):
    done = command("compare", *words, "--format", "json")
    assert done.code == 0, done.talk
    return json.loads(done.out)


def three():
    return {"one": table(1), "two": table(2), "six": table(1) * 0.5 + table(3)}


@pytest.mark.parametrize("form", ["rows", "columns"])
def test_the_numbers_of_pillars_and_pairs_are_numpys_and_scipys(form):
    tables = three()
    found = compared(*write_pillars(tables, form))
    assert (found["schema_version"], found["command"], found["ok"]) == (1, "compare", True)
    assert (found["rows"], found["samples"]) == (120, 40)
    assert found["weights"] == pytest.approx(dict.fromkeys(tables, 1 / 3))
    for each in found["pillars"]:
        numbers = tables[each["pillar"]]
        for told, part in [(each, numbers), *((each["per_target"][n], numbers[:, i]) for i, n in enumerate(NAMES))]:
            wanted = (part.mean(), part.std(ddof=1), part.min(), part.max(), (part < 0).mean())
            told = [told[key] for key in ("mean", "sd", "min", "max", "negative")]  # noqa: PLW2901
            assert told == pytest.approx(list(wanted), rel=1e-12, abs=1e-12)
    assert [(each["a"], each["b"]) for each in found["pairs"]] == [("one", "two"), ("one", "six"), ("two", "six")]
    for each in found["pairs"]:
        a, b = (tables[each[key]].ravel() for key in "ab")
        assert each["pearson"] == pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-12)
        assert each["spearman"] == pytest.approx(stats.spearmanr(a, b)[0], abs=1e-12)
        assert each["rmse"] == pytest.approx(np.sqrt(((a - b) ** 2).mean()), rel=1e-12)
        assert each["max_abs_difference"] == pytest.approx(abs(a - b).max(), rel=1e-12)
        assert (each["same"], each["slope"], each["intercept"]) == (None, None, None)


@pytest.mark.parametrize("form", ["rows", "columns"])
def test_the_rows_furthest_apart_come_first_then_by_id(form):
    tables = three()
    found = compared(*write_pillars(tables, form), "--top", "7")["disagreements"]
    every = np.array(list(tables.values()))
    span = np.ptp(every, axis=0)
    order = sorted((-span[k, i], f"s{k:03}", NAMES[i]) for k in range(40) for i in range(3))[:7]
    assert [each["range"] for each in found] == [-width for width, _, _ in order]
    keys = [(each["id"], each["target"]) if form == "columns" else tuple(each["id"].split("__")) for each in found]
    assert keys == [(sample, name) for _, sample, name in order]
    assert all(("target" in each) == (form == "columns") for each in found)
    sample, name = keys[0]
    assert found[0]["values"] == {p: numbers[int(sample[1:]), NAMES.index(name)] for p, numbers in tables.items()}


@pytest.mark.parametrize("method", ["mean", "median", "rank"])
def test_leaving_a_pillar_out_is_the_blend_of_the_others(method):
    tables = three()
    weights = {"one": 3.0, "two": 2.0, "six": 0.5}
    pillars = "".join(f'[pillars.{n}]\nfile = "{n}.csv"\nweight = {w}\n' for n, w in weights.items())
    write_pillars(tables, toml=f'{pillars}[blend]\nmethod = "{method}"\nclip_min = 0.2\n')
    found = compared()
    assert found["weights"] == pytest.approx({n: w / 5.5 for n, w in weights.items()})

    def blend(names):
        pbl.blend(weights={name: weights[name] for name in names}, output="s.csv", force=True)
        return np.array([float(line.split(",")[1]) for line in sorted(Path("s.csv").read_text().splitlines()[1:])])

    whole = blend(tables)
    for each in found["leave_one_out"]:
        off = whole - blend([name for name in tables if name != each["pillar"]])
        assert each["rmse"] == pytest.approx(np.sqrt((off**2).mean()), abs=1e-12)
        assert each["max_abs"] == pytest.approx(abs(off).max(), abs=1e-12)


def test_copies_lines_and_constants_are_told():
    one = table(1)
    tables = {"one": one, "copy": one, "line": -2 * one + 7, "near": one + 1e-3 * table(2), "flat": one * 0 + 2}
    found = {(e["a"], e["b"]): e for e in compared(*write_pillars(tables))["pairs"]}
    assert (found["one", "copy"]["same"], found["one", "copy"]["slope"]) == ("copy", 1.0)
    line = found["one", "line"]
    assert (line["same"], line["slope"], line["intercept"]) == ("affine", pytest.approx(-2), pytest.approx(7))
    assert line["pearson"] == pytest.approx(-1)
    assert found["one", "near"]["same"] is None
    assert all(found[name, "flat"][key] is None for name in ("one", "line") for key in ("pearson", "spearman", "same"))


def test_a_line_must_come_within_a_millionth_of_the_range():
    one = np.random.default_rng(0).random((40, 3))
    off = np.zeros_like(one)
    off[3, 1] = 1.0
    for size, same in ((3e-7, "affine"), (3e-6, None)):
        tables = {"one": one, "two": 4 * one - 1 + off * size * 4}
        assert compared(*write_pillars(tables))["pairs"][0]["same"] == same


def test_one_pillar_has_no_pairs_and_leaves_no_blend():
    found = compared(*write_pillars({"one": table(1)}))
    assert (found["pairs"], found["disagreements"]) == ([], [])
    assert found["leave_one_out"] == [{"pillar": "one", "rmse": None, "max_abs": None}]


def test_neither_threads_nor_the_files_order_show_in_any_digit():
    told = set()
    for seed in (1, 2):
        paths = write_pillars(three(), seed=seed)
        for threads in (1, 2):
            told.add(command("compare", *paths, "--format", "json", "--threads", threads).out)
    assert len(told) == 1


def test_constraints_have_their_residuals_and_a_cause():
    tables = three()
    tables["one"][:, 2] = tables["one"][:, 0] + tables["one"][:, 1]
    toml = '[[constraints]]\ntotal = "c"\nparts = ["a", "b"]\n'
    found = compared(*write_pillars(tables, toml=toml))["constraints"][0]
    off = {name: abs(t[:, 2] - t[:, 0] - t[:, 1]) for name, t in tables.items()}
    blend = np.mean(list(tables.values()), axis=0)
    off["blend"] = abs(blend[:, 2] - blend[:, 0] - blend[:, 1])
    for each in found["pillars"]:
        mine = off[each["pillar"]]
        assert (each["max_abs"], each["mean_abs"]) == pytest.approx((mine.max(), mine.mean()), abs=1e-9)
        assert each["broken"] == (mine > 1e-6).sum()
    assert found["blend"]["cause"] == "pillars"
    assert found["blend"]["max_abs"] == pytest.approx(off["blend"].max(), abs=1e-9)


def test_a_file_with_a_finding_is_not_compared():
    paths = write_pillars(three())
    Path("two.csv").write_text(Path("two.csv").read_text().replace("\n", ",nan\n", 1))
    done = command("compare", *paths, "--format", "json")
    assert done.code == 1
    assert json.loads(done.out)["findings"]


@pytest.mark.parametrize("pillars", [2, 15])
def test_the_table_fits_80_columns_and_names_the_pairs_most_and_least_alike(pillars):
    tables = {f"a rather long name of pillar number {k}": table(k) * 1e-5 for k in range(pillars)}
    paths = write_pillars(tables, toml='[[constraints]]\ntotal = "c"\nparts = ["a", "b"]\n')
    done = command("compare", *paths)
    assert done.code == 0, done.talk
    assert max(map(len, done.out.splitlines())) <= 80
    assert ("most alike" in done.out) == ("least alike" in done.out) == (pillars > 12)


def test_python_gets_the_same_comparison():
    paths = write_pillars(three())
    told = compared(*paths)
    assert {key: told[key] for key in pbl.compare(*paths).to_json()} == pbl.compare(*paths).to_json()


def test_without_a_truth_scikit_learn_is_not_needed():
    paths = write_pillars(three())
    Path("sklearn.py").write_text("raise ImportError\n")
    Path("scipy.py").write_text("raise ImportError\n")
    done = process("compare", *paths, env={"PYTHONPATH": str(Path().absolute())})
    assert done.code == 0, done.talk


def test_numbers_that_the_projects_method_cannot_take_are_findings():
    paths = write_pillars(three(), toml='[blend]\nmethod = "geometric"\n')
    done = command("compare", *paths, "--format", "json")
    assert done.code == 1
    assert {each["code"] for each in json.loads(done.out)["findings"] if each["severity"] == "error"} == {"PBL507"}
