"""Each method's numbers are those of its formula, said a second time in numpy or exact fractions."""

import json
import math
import random
from fractions import Fraction
from pathlib import Path

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from support.making import command, predictions, read, shuffled, write
from support.methods import ROWS, column, enlarge, write_pillars

import pbl
from pbl.domain.errors import ContractError

pytestmark = pytest.mark.usefixtures("here")


EXACT = ("mean", "rank", "median")


def names_of(ids, targets):
    return [key.rpartition("__")[2] if "__" in key else targets[0] for key in ids]


def ranks(numbers):
    """Give (average rank - 0.5) / n, by counting."""
    below = (numbers[:, None] > numbers[None, :]).sum(axis=1)
    alike = (numbers[:, None] == numbers[None, :]).sum(axis=1)
    return (below + (alike + 1) / 2 - 0.5) / len(numbers)


def median(numbers, shares):
    """Give the weighted median, by exact fractions."""
    ordered = sorted((n, Fraction(s)) for n, s in zip(numbers, shares, strict=True) if s > 0)
    total = sum(s for _, s in ordered)
    upto = Fraction(0)
    for place, (number, share) in enumerate(ordered):
        upto += share
        if abs(upto / total - Fraction(1, 2)) <= Fraction(1, 10**12):
            return (number + ordered[place + 1][0]) / 2
        if upto / total > Fraction(1, 2):
            return number
    raise AssertionError


def blended(method, numbers, weights, names):
    """Blend p x m numbers of rows with target names."""
    w = np.array(weights, dtype=float)
    keep = w > 0
    shares, used = w[keep] / w[keep].sum(), np.array(numbers, dtype=float)[keep]
    match method:
        case "mean":
            return shares @ used
        case "rank":
            found = np.empty_like(used)
            for name in set(names):
                rows = [k for k, each in enumerate(names) if each == name]
                for place in range(len(used)):
                    found[place, rows] = ranks(used[place, rows])
            return shares @ found
        case "geometric":
            with np.errstate(divide="ignore"):
                return np.exp(shares @ np.log(used))
        case "logit":
            held = np.clip(used, 1e-15, 1 - 1e-15)
            return 1 / (1 + np.exp(-(shares @ np.log(held / (1 - held)))))
        case "median":
            return np.array([median(column, w[keep]) for column in used.T])


values = st.sampled_from([0.0, -0.0, 0.5, 1.0, 0.25, 1e-300, 1e-16, 1 - 2**-53]) | st.floats(0, 1)


@pytest.mark.parametrize("method", ["mean", "rank", "geometric", "logit", "median"])
@settings(max_examples=12, suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_a_method_gives_the_numbers_of_its_formula(method, data):
    pillars, rows = data.draw(st.integers(1, 5)), data.draw(st.integers(1, 9))
    numbers = data.draw(
        st.lists(st.lists(values, min_size=rows, max_size=rows), min_size=pillars, max_size=pillars), label="numbers"
    )
    weights = data.draw(
        st.lists(st.sampled_from([0.0, 1.0, 2.0, 3.0, 0.1]), min_size=pillars, max_size=pillars).filter(any)
    )
    ids = data.draw(st.permutations([f"i{k}__{'ab'[k % 2]}" if k % 5 else f"i{k}" for k in range(rows)]))
    paths = write_pillars(numbers, ids)
    pbl.blend(*paths, weights=weights, method=method, output="s.csv", force=True)
    wanted = blended(method, numbers, weights, names_of(ids, ["target"]))
    assert np.allclose(column("s.csv"), wanted, rtol=1e-12, atol=1e-15)


@pytest.mark.parametrize("method", ["rank", "geometric", "logit", "median"])
@pytest.mark.parametrize("targets", [1, 3])
def test_row_order_threads_and_size_change_no_byte(method, targets, monkeypatch):
    header = ("sample_id", *(f"t{n}" for n in range(targets)))
    Path("pbl.toml").write_text(f"[contract]\ntargets = {list(header[1:])}\n", encoding="utf-8")
    chance = random.Random(5)  # noqa: S311 - the same numbers each time
    ids = [f"i{k}__{'abc'[k % 3]}" for k in range(ROWS)]
    tables = [{key: tuple(round(chance.random(), 1) for _ in header[1:]) for key in ids} for _ in range(4)]
    paths = [f"q{place}.csv" for place in range(4)]
    write("t.csv", dict.fromkeys(ids, (0,) * targets), header)
    made = set()
    for seed in (1, 2):
        for place, table in enumerate(tables):
            write(paths[place], {key: table[key] for key in shuffled(ids, seed * 10 + place)}, header)
        for threads in (1, 2):
            pbl.blend(*paths, template="t.csv", method=method, output="s.csv", threads=threads, force=True)
            made.add(Path("s.csv").read_bytes())
    enlarge(monkeypatch)
    pbl.blend(*paths, template="t.csv", method=method, output="s.csv", force=True)
    made.add(Path("s.csv").read_bytes())
    assert len(made) == 1
    rows = read("s.csv")[1]
    for t in range(targets):
        numbers = [[table[key][t] for key in ids] for table in tables]
        names = names_of(ids, ["t0"]) if targets == 1 else ["t"] * len(ids)
        assert np.allclose([row[1 + t] for row in rows], blended(method, numbers, [1] * 4, names), rtol=1e-12)


@pytest.mark.parametrize("method", ["mean", "median"])
def test_one_pillar_keeps_its_numbers(method):
    rows = predictions([f"i{k}" for k in range(ROWS)], 3, low=-5)
    write("a.csv", rows)
    pbl.blend("a.csv", method=method, output="s.csv")
    assert dict(read("s.csv")[1]) == rows


@pytest.mark.parametrize("method", ["geometric", "logit"])
def test_one_pillar_keeps_its_numbers_but_for_the_last_digits(method):
    rows = predictions([f"i{k}" for k in range(ROWS)], 3, low=0, high=1)
    write("a.csv", rows)
    pbl.blend("a.csv", method=method, output="s.csv")
    assert all(math.isclose(rows[key], number, rel_tol=1e-12) for key, number in read("s.csv")[1])


def test_ranks_are_taken_within_what_follows_the_separator():
    ids = ["a___x", "b__x", "c-y", "d-y", "e"]
    numbers = [[3, 1, 2, 5, 4], [1, 1, 0, -2, 7]]
    paths = write_pillars(numbers, ids)
    for separator in ("__", "-", ""):
        Path("pbl.toml").write_text(f'[contract]\nid_separator = "{separator}"\n', encoding="utf-8")
        names = [i.rpartition(separator)[2] if separator and separator in i else "target" for i in ids]
        pbl.blend(*paths, method="rank", output="s.csv", force=True)
        assert np.allclose(column("s.csv"), blended("rank", numbers, [1, 1], names), rtol=1e-12)
        assert json.loads(Path("s.recipe.json").read_text())["id_separator"] == separator


@pytest.mark.parametrize("method", ["rank", "geometric", "logit", "median"])
def test_a_recipe_keeps_the_method_and_replays_to_the_same_bytes(method):
    paths = write_pillars(np.linspace(0.1, 0.9, 30).reshape(3, 10), [f"i{k}__t" for k in range(10)])
    recipe = pbl.blend(*paths, weights=[3, 2, 1], method=method, output="s.csv")
    assert recipe.method == json.loads(Path("s.recipe.json").read_text())["method"] == method
    before = Path("s.csv").read_bytes()
    Path("pbl.toml").write_text('[contract]\nid_separator = "-"\n[blend]\nmethod = "median"\n', encoding="utf-8")
    pbl.blend(recipe="s.recipe.json")
    pbl.blend(recipe="s.recipe.json", output="again.csv")
    assert Path("s.csv").read_bytes() == Path("again.csv").read_bytes() == before


def test_the_recipe_of_a_mean_speaks_of_no_method_beside_its_old_name():
    write("a.csv", {"x": 1.0})
    pbl.blend("a.csv", output="s.csv")
    table = json.loads(Path("s.recipe.json").read_text())
    assert table["method"] == "weighted-mean"
    assert not {"per_target", "reconcile", "id_separator"} & set(table)


def off_by_a_digit(path, *, by):
    """Have a submission and its recipe be another machine's, whose logarithm differs in a last digit."""
    header, first, *rest = Path(path).read_text().splitlines()
    key, number = first.split(",")
    lines = [header, f"{key},{float(number) * (1 + by)!r}", *rest]
    Path(path).write_text("".join(f"{line}\n" for line in lines))
    note = Path(path).with_name("s.recipe.json")
    table = json.loads(note.read_text())
    import hashlib  # noqa: PLC0415 - for one test

    table["output"]["sha256"] = hashlib.sha256(Path(path).read_bytes()).hexdigest()
    table["output"]["bytes"] = Path(path).stat().st_size
    note.write_text(json.dumps(table))


@pytest.mark.parametrize("gone", [False, True])
def test_a_replay_of_logarithms_is_compared_to_1e_12_and_says_so(gone):
    paths = write_pillars(np.linspace(0.1, 0.9, 30).reshape(3, 10), [f"i{k}" for k in range(10)])
    pbl.blend(*paths, method="geometric", output="s.csv")
    off_by_a_digit("s.csv", by=4e-16)
    if gone:
        Path("s.csv").unlink()
    done = command("blend", "--recipe", "s.recipe.json", "--output", "again.csv")
    assert done.code == 0, done.talk
    assert "to 1e-12" in done.talk
    assert Path("again.csv").exists()


@pytest.mark.parametrize("method", ["geometric", "rank"])
def test_a_replay_of_other_numbers_is_refused(method):
    paths = write_pillars(np.linspace(0.1, 0.9, 30).reshape(3, 10), [f"i{k}" for k in range(10)])
    pbl.blend(*paths, method=method, output="s.csv")
    off_by_a_digit("s.csv", by=1e-9 if method == "geometric" else 4e-16)
    done = command("blend", "--recipe", "s.recipe.json", "--output", "again.csv")
    assert done.code == 2
    assert not Path("again.csv").exists()


def test_pbl_toml_says_the_method_and_a_flag_wins_over_it():
    write("a.csv", {"x": 1.0, "y": 2.0})
    write("b.csv", {"x": 4.0, "y": 8.0})
    Path("pbl.toml").write_text('[blend]\nmethod = "geometric"\n', encoding="utf-8")
    assert pbl.blend("a.csv", "b.csv", output="s.csv").method == "geometric"
    assert pbl.blend("a.csv", "b.csv", output="s.csv", method="mean").method == "weighted-mean"
    Path("pbl.toml").write_text('[blend]\nmethod = "mode"\n', encoding="utf-8")
    with pytest.raises(ContractError, match=r"blend\.method must be one of mean, rank.*, not 'mode'"):
        pbl.blend("a.csv", "b.csv", output="s.csv")


def test_a_pack_carries_the_method_and_blends_by_it():
    for name in "ab":
        write(f"p/{name}.csv", {key: number / 90 for key, number in predictions(["x__t", "y__t"], name).items()})
    toml = '[contract]\nid_separator = "--"\n[blend]\nmethod = "logit"\n'
    pillars = "".join(f'[pillars.{n}]\nfile = "{n}.csv"\nweight = {w}\n' for n, w in (("a", 2), ("b", 1)))
    Path("p/pbl.toml").write_text(toml + pillars, encoding="utf-8")
    done = command("pack", "p", "--dataset", "ann/my-pillars", "--competition", "some-competition", "--no-wheels")
    assert done.code == 0, done.talk
    recipe = pbl.blend("pack/dataset", output="packed.csv")
    assert recipe.method == "logit"
    pbl.blend("p", output="s.csv")
    assert Path("packed.csv").read_bytes() == Path("s.csv").read_bytes()
