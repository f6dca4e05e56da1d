"""Sums that must hold: residuals, what broke them, and a blend held to them, as numpy gives them."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.making import command, read, shuffled, write

import pbl
from pbl.domain import limits
from pbl.domain.constraints import Constraint, names_of, sort_constraints
from pbl.domain.errors import ContractError, FindingsError, UsageError
from pbl.domain.projection import projection

pytestmark = pytest.mark.usefixtures("here")

NAMES = ("Dead", "Green", "Clover", "GDM", "Total", "Other")
GDM, TOTAL = ("GDM", ("Green", "Clover")), ("Total", ("GDM", "Dead"))
A = np.array([[0, -1, -1, 1, 0, 0], [-1, 0, 0, -1, 1, 0]], dtype=float)
SUMS = """
[[constraints]]
total = "Total"
parts = ["GDM", "Dead"]
[[constraints]]
total = "GDM"
parts = ["Green", "Clover"]
"""
OWN = """
[per_target.Clover]
a = 3.0
[per_target.Total]
a = 0.25
b = 0.75
"""


def table(seed, samples=30, *, kept=True):
    """Give samples x names whose sums hold if they are `kept`."""
    numbers = np.random.default_rng(seed).normal(5, 6, size=(samples, len(NAMES)))
    if kept:
        numbers[:, 3] = numbers[:, 1] + numbers[:, 2]
        numbers[:, 4] = numbers[:, 3] + numbers[:, 0]
    return numbers


def write_tables(tables, form, toml):
    """Write pillars a, b, ... in one of two forms: a row for each target name, or a column."""
    head = f"[contract]\ntargets = {list(NAMES)}\n" if form == "columns" else ""
    Path("pbl.toml").write_text(head + toml, encoding="utf-8")
    for place, numbers in enumerate(tables):
        name = f"{'abcdef'[place]}.csv"
        if form == "columns":
            rows = {f"s{k}": tuple(map(float, row)) for k, row in enumerate(numbers)}
            write(name, {key: rows[key] for key in shuffled(rows, place)}, ("sample_id", *NAMES))
        else:
            rows = {f"s{k}__{n}": float(row[i]) for k, row in enumerate(numbers) for i, n in enumerate(NAMES)}
            write(name, {key: rows[key] for key in shuffled(rows, place)})
    return [f"{'abcdef'[place]}.csv" for place in range(len(tables))]


def numbers_of(path, form):
    """Give a submission as samples x names."""
    rows = read(path)[1]
    if form == "columns":
        return np.array([row[1:] for row in sorted(rows, key=lambda row: int(row[0][1:]))])
    found = {row[0]: row[1] for row in rows}
    return np.array([[found[f"s{k}__{n}"] for n in NAMES] for k in range(len(rows) // len(NAMES))])


def reconciled(numbers, low=None, high=None):
    """Project, clip what is no total, sum up."""
    projected = numbers - numbers @ A.T @ np.linalg.inv(A @ A.T) @ A
    clipped = np.clip(projected, low, high) if low is not None or high is not None else projected.copy()
    clipped[:, 5] = np.clip(numbers[:, 5], low, high) if low is not None or high is not None else numbers[:, 5]
    clipped[:, 3] = clipped[:, 1] + clipped[:, 2]
    clipped[:, 4] = clipped[:, 3] + clipped[:, 0]
    return clipped


def enlarge(monkeypatch):
    small = limits.Sizes(large=1, block=512, preview=512, ids=100, rows=7, cells=400, table_rows=16)
    monkeypatch.setattr(limits, "SIZES", small)


def test_the_projection_is_the_orthogonal_one():
    constraints = sort_constraints([Constraint(total=t, parts=p) for t, p in (TOTAL, GDM)])
    assert [each.total for each in constraints] == ["GDM", "Total"]
    names = names_of(constraints)
    rows = np.array([[(n == c.total) - (n in c.parts) for n in names] for c in constraints], dtype=float)
    wanted = np.eye(len(names)) - rows.T @ np.linalg.inv(rows @ rows.T) @ rows
    assert np.allclose(projection(constraints), wanted, rtol=0, atol=1e-15)


@pytest.mark.parametrize("form", ["rows", "columns"])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("bounds", [{}, {"clip_min": 0.0}, {"clip_min": 0.5, "clip_max": 9.0}])
def test_a_reconciled_blend_is_projected_clipped_and_summed_up(form, large, bounds, monkeypatch):
    tables = [table(k, kept=False) for k in range(3)]
    paths = write_tables(tables, form, SUMS)
    if large:
        enlarge(monkeypatch)
    weights = np.array([3, 2, 1])
    pbl.blend(*paths, weights=list(weights), reconcile=True, output="s.csv", **bounds)
    found = numbers_of("s.csv", form)
    blend = np.tensordot(weights / 6, np.array(tables), axes=1)
    assert np.allclose(found, reconciled(blend, bounds.get("clip_min"), bounds.get("clip_max")), rtol=1e-12, atol=1e-9)
    assert abs(found @ A.T).max() <= 1e-9
    if bounds:
        assert found[:, [0, 1, 2, 5]].min() >= bounds["clip_min"]
    recipe = json.loads(Path("s.recipe.json").read_text())
    assert [each["total"] for each in recipe["reconcile"]] == ["GDM", "Total"]
    Path("pbl.toml").unlink()
    before = Path("s.csv").read_bytes()
    pbl.blend(recipe="s.recipe.json", output="again.csv")
    assert Path("again.csv").read_bytes() == before


@pytest.mark.parametrize("form", ["rows", "columns"])
@pytest.mark.parametrize("method", ["mean", "median", "rank"])
@pytest.mark.parametrize("large", [False, True])
def test_without_the_flags_the_tables_change_no_byte(form, method, large, monkeypatch):
    tables = [table(k) for k in range(2)]
    paths = write_tables(tables, form, "")
    if large:
        enlarge(monkeypatch)
    pbl.blend(*paths, method=method, clip_min=0, output="without.csv")
    write_tables(tables, form, SUMS + OWN)
    pbl.blend(*paths, method=method, clip_min=0, output="with.csv")
    assert Path("with.csv").read_bytes() == Path("without.csv").read_bytes()
    with_, without = (json.loads(Path(f"{name}.recipe.json").read_text()) for name in ("with", "without"))
    assert set(with_) == set(without)


@pytest.mark.parametrize("form", ["rows", "columns"])
@pytest.mark.parametrize("large", [False, True])
@pytest.mark.parametrize("method", ["mean", "geometric", "median"])
def test_weights_per_target_are_used_for_their_target_alone(form, large, method, monkeypatch):
    tables = [abs(table(k)) for k in range(2)]
    paths = write_tables(tables, form, OWN)
    if large:
        enlarge(monkeypatch)
    pbl.blend(*paths, weights=[1, 3], per_target=True, method=method, output="s.csv")
    found = numbers_of("s.csv", form)
    shares = {"Clover": (1.0, 0.0), "Total": (0.25, 0.75)}
    for place, name in enumerate(NAMES):
        a, b = shares.get(name, (0.25, 0.75))
        one, other = tables[0][:, place], tables[1][:, place]
        wanted = {
            "mean": a * one + b * other,
            "geometric": one**a * other**b,
            "median": one if a > b else other,
        }[method]
        assert np.allclose(found[:, place], wanted, rtol=1e-12)
    assert json.loads(Path("s.recipe.json").read_text())["per_target"]["Clover"] == {"a": 3.0, "b": 0.0}
    Path("pbl.toml").unlink()
    if form == "columns":
        Path("pbl.toml").write_text(f"[contract]\ntargets = {list(NAMES)}\n", encoding="utf-8")
    pbl.blend(recipe="s.recipe.json", output="again.csv")
    assert Path("again.csv").read_bytes() == Path("s.csv").read_bytes()


def residuals(*words):
    done = command("blend", *words, "--force", "--format", "json")
    assert done.code == 0, done.out
    told = json.loads(done.out)
    return told["constraints"], {each["code"] for each in told["warnings"]}


@pytest.mark.parametrize("form", ["rows", "columns"])
def test_residuals_are_numpys_and_name_what_broke_the_sum(form):
    tables = [table(k) for k in range(2)]
    paths = write_tables(tables, form, SUMS + OWN)
    for words, cause in (
        ([], None),
        (["--clip-min", "0"], "clip"),
        (["--method", "rank"], "method"),
        (["--per-target"], "per-target-weights"),
        (["--clip-min", "0", "--reconcile"], None),
        (["--per-target", "--reconcile"], None),
        (["--method", "median", "--reconcile"], None),
    ):
        found, codes = residuals(*paths, *words)
        off = abs(numbers_of("submission.csv", form) @ A.T)
        for n, each in enumerate(found):
            assert each["blend"]["max_abs"] == pytest.approx(off[:, n].max(), abs=1e-9)
            assert each["blend"]["mean_abs"] == pytest.approx(off[:, n].mean(), abs=1e-9)
            assert each["blend"]["broken"] == (off[:, n] > 1e-6).sum()
            assert each["blend"]["cause"] == cause
            assert [p["broken"] for p in each["pillars"]] == [0, 0]
        assert ("constraint-broken" in codes) == (cause is not None)
        assert ("method-and-constraints" in codes) == ("rank" in words)


def test_a_warning_about_the_blend_stops_it_where_warnings_do():
    paths = write_tables([table(k) for k in range(2)], "rows", SUMS)
    for more in ((), ("--dry-run",), ("--output", "-")):
        done = command("blend", *paths, "--clip-min", "0", "--fail-on", "warning", *more)
        assert done.code == 1
        assert "warning constraint-broken: " in done.talk
        assert "nothing was written" in done.talk
        assert not done.out
        assert not Path("submission.csv").exists()
    done = command("blend", *paths, "--clip-min", "0", "--fail-on", "warning", "--format", "json")
    said = json.loads(done.out)
    assert (done.code, said["ok"]) == (1, False)
    assert {(each["code"], each["severity"]) for each in said["findings"]} == {("constraint-broken", "warning")}
    assert all(each["message"] in said["error"] for each in said["findings"])
    with pytest.raises(pbl.PblError, match="constraint-broken"):
        pbl.blend(*paths, clip_min=0, fail_on="warning")
    assert command("blend", *paths, "--clip-min", "0", "--fail-on", "warning", "--reconcile").code == 0


def test_pillars_that_break_a_sum_are_the_cause_and_no_warning():
    tables = [table(0), table(1, kept=False)]
    paths = write_tables(tables, "rows", SUMS)
    found, codes = residuals(*paths, "--clip-min", "0")
    off = abs(tables[1] @ A.T)
    assert [each["blend"]["cause"] for each in found] == ["pillars", "pillars"]
    assert [each["pillars"][1]["broken"] for each in found] == [30, 30]
    assert [each["pillars"][1]["max_abs"] for each in found] == pytest.approx(list(off.max(axis=0)), abs=1e-9)
    assert "constraint-broken" not in codes
    found, _ = residuals(*paths, "--weights", "1", "0")
    assert [each["blend"]["cause"] for each in found] == [None, None]


def test_a_tolerance_says_what_is_broken():
    tables = [table(0)]
    tables[0][:10, 3] += 0.25
    toml = '[[constraints]]\ntotal = "GDM"\nparts = ["Green", "Clover"]\ntolerance = {}\n'
    for tolerance, broken in ((0.2, 10), (0.3, 0)):
        paths = write_tables(tables, "rows", toml.format(tolerance))
        assert residuals(*paths)[0][0]["blend"]["broken"] == broken


def test_a_sample_that_lacks_a_name_is_a_finding():
    paths = write_tables([table(0)], "rows", SUMS)
    lines = [line for line in Path("a.csv").read_text().splitlines() if not line.startswith("s4__GDM,")]
    Path("a.csv").write_text("".join(f"{line}\n" for line in lines))
    with pytest.raises(FindingsError) as caught:
        pbl.blend(*paths, reconcile=True, output="s.csv")
    [found] = caught.value.report.errors()
    assert (found.code, found.count, found.examples[0].id) == ("PBL601", 1, "s4__GDM")
    assert not Path("s.csv").exists()
    done = command("blend", *paths)
    assert done.code == 0
    assert "s4__GDM" in done.talk


MISTAKES = {
    "a cycle": ('total = "A"\nparts = ["B"]\n[[constraints]]\ntotal = "B"\nparts = ["A"]', "part of itself"),
    "itself": ('total = "A"\nparts = ["A"]', "part of itself"),
    "two for one total": ('total = "A"\nparts = ["B"]\n[[constraints]]\ntotal = "A"\nparts = ["C"]', "two constraints"),
    "no parts": ('total = "A"\nparts = []', "its parts"),
    "a part twice": ('total = "A"\nparts = ["B", "B"]', "once"),
    "a key": ('total = "A"\nparts = ["B"]\ntolerence = 1', "tolerance"),
    "an unknown name": ('total = "GDM"\nparts = ["Green", "Clovr"]', "Clovr"),
}


@pytest.mark.parametrize("form", ["rows", "columns"])
@pytest.mark.parametrize("mistake", MISTAKES)
def test_constraints_that_cannot_be_are_errors(mistake, form):
    toml, told = MISTAKES[mistake]
    paths = write_tables([table(0)], form, f"[[constraints]]\n{toml}\n")
    with pytest.raises(ContractError, match=told):
        pbl.blend(*paths, output="s.csv")
    assert not Path("s.csv").exists()


def test_flags_without_their_tables_are_errors():
    paths = write_tables([table(0)], "rows", "")
    for flag in ("reconcile", "per_target"):
        with pytest.raises(UsageError, match=r"pbl\.toml"):
            pbl.blend(*paths, **{flag: True}, output="s.csv")
    for toml, told in (
        ("[per_target.GDM]\nzz = 1.0\n", "zz"),
        ("[per_target.GDM]\na = 0.0\n", "above 0"),
        ("[per_target.GMD]\na = 1.0\n", "GMD"),
    ):
        write_tables([table(0)], "rows", toml)
        with pytest.raises(ContractError, match=told):
            pbl.blend(*paths, per_target=True, output="s.csv")
