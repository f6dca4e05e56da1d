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

import pbl
from pbl.domain import limits
from pbl.domain.errors import ContractError, FindingsError, UsageError

pytestmark = pytest.mark.usefixtures("here")

ROWS = 60
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


def write_pillars(numbers, ids, *, seed=0):
    for place, row in enumerate(numbers):
        rows = dict(zip(ids, map(float, row), strict=True))
        write(f"p{place}.csv", {key: rows[key] for key in (shuffled(ids, seed + place) if place else ids)})
    return [f"p{place}.csv" for place in range(len(numbers))]


def column(path):
    return np.array([row[1] for row in read(path)[1]])


def enlarge(monkeypatch):
    small = limits.Sizes(large=1, block=512, preview=512, ids=100, rows=7, cells=400, table_rows=16)
    monkeypatch.setattr(limits, "SIZES", small)


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


DOMAIN = {"geometric": (-0.5, "below 0"), "logit": (1.5, "outside 0 to 1")}


@pytest.mark.parametrize("method", DOMAIN)
@pytest.mark.parametrize("large", [False, True])
def test_a_number_that_a_method_cannot_take_is_a_finding_with_its_row_and_id(method, large, monkeypatch):
    if large:
        enlarge(monkeypatch)
    odd, told = DOMAIN[method]
    ids = [f"i{k}" for k in range(ROWS)]
    write("a.csv", dict.fromkeys(ids, 0.5))
    write("b.csv", {key: odd if key in {"i3", "i9"} else 0.25 for key in shuffled(ids, 4)})
    with pytest.raises(FindingsError) as caught:
        pbl.blend("a.csv", "b.csv", method=method, output="s.csv")
    [found] = caught.value.report.errors()
    assert (found.code, found.rule, found.count, found.pillar) == ("PBL507", "method-domain", 2, "b")
    assert told in found.message
    order = shuffled(ids, 4)
    assert sorted((e.row, e.id, e.value) for e in found.examples) == sorted(
        (order.index(key) + 2, key, str(odd)) for key in ("i3", "i9")
    )
    assert not Path("s.csv").exists()
    assert command("blend", "a.csv", "b.csv", "--method", method).code == 1


def test_a_pillar_that_is_left_out_may_have_any_numbers():
    write("a.csv", {"x": 0.5, "y": 0.25})
    write("b.csv", {"x": -3.0, "y": 7.0})
    for method in ("geometric", "logit"):
        pbl.blend("a.csv", "b.csv", weights=[1, 0], method=method, output="s.csv", force=True)
        assert np.allclose(column("s.csv"), [0.5, 0.25], rtol=1e-12)


@pytest.mark.parametrize(("ids", "separator"), [(("x", "y"), "__"), (("x__a", "y__a"), ""), (("x", "y__a"), "__")])
def test_a_number_is_judged_by_the_weights_of_its_own_target_name(ids, separator):
    write("a.csv", dict.fromkeys(ids, 0.5))
    write("b.csv", {ids[0]: 7.0, ids[1]: 0.25})
    pillars = "[pillars.a]\nfile = 'a.csv'\nweight = 1\n[pillars.b]\nfile = 'b.csv'\nweight = 0\n"
    own = "[per_target.target]\na = 1\nb = 1\n"
    Path("pbl.toml").write_text(f"[contract]\nid_separator = '{separator}'\n{pillars}{own}")
    with pytest.raises(pbl.FindingsError) as caught:
        pbl.blend(per_target=True, method="logit", output="s.csv")
    assert [(f.code, [e.id for e in f.examples]) for f in caught.value.report.findings if f.code == "PBL507"] == [
        ("PBL507", [ids[0]])
    ]
    pbl.blend(method="logit", output="s.csv")


def test_geometric_of_a_zero_is_zero():
    write("a.csv", {"x": 0.0, "y": 4.0})
    write("b.csv", {"x": 9.0, "y": 9.0})
    pbl.blend("a.csv", "b.csv", method="geometric", output="s.csv")
    assert np.allclose(column("s.csv"), [0.0, 6.0], rtol=1e-12)


def test_logit_says_how_often_it_held_a_probability(monkeypatch):
    write("a.csv", {"x": 0.0, "y": 1.0, "z": 0.5})
    write("b.csv", {"x": 1e-16, "y": 0.5, "z": 0.5})
    for turn in ("small", "large"):
        if turn == "large":
            enlarge(monkeypatch)
        done = command("blend", "a.csv", "b.csv", "--method", "logit", "--force")
        assert "logit held 3 predictions to 1e-15 and 1 - 1e-15" in done.talk


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
    with pytest.raises(UsageError, match=r"blend\.method: 'mode' is not one of mean, rank"):
        pbl.blend("a.csv", "b.csv", output="s.csv")


@pytest.mark.parametrize("method", ["rank", "geometric", "logit", "median"])
def test_raw_weights_and_weights_below_zero_go_with_the_mean_only(method):
    write("a.csv", {"x": 0.5})
    write("b.csv", {"x": 0.25})
    both = ["blend", "a.csv", "b.csv", "--method", method]
    assert command(*both, "--raw-weights").code == 2
    done = command(*both, "--negative", "--weights", "2", "-1")
    assert done.code == 2
    assert "mean only" in done.talk


def test_weights_below_zero_are_taken_when_they_are_meant():
    write("a.csv", {"x": 3.0, "y": 1.0})
    write("b.csv", {"x": 1.0, "y": 2.0})
    refused = command("blend", "a.csv", "b.csv", "--weights", "a=1.5,b=-0.5")
    assert refused.code == 2
    assert "--negative" in refused.talk
    done = command("blend", "a.csv", "b.csv", "--weights", "1.5", "-0.5", "--negative")
    assert done.code == 0, done.talk
    assert "below 0  b -0.5" in done.talk
    assert np.allclose(column("submission.csv"), [4.0, 0.5], rtol=1e-12)
    before = Path("submission.csv").read_bytes()
    pbl.blend(recipe="submission.recipe.json", output="again.csv")
    assert Path("again.csv").read_bytes() == before
    assert command("blend", "a.csv", "b.csv", "--weights", "1", "-1", "--negative").code == 2


def test_pbl_toml_may_mean_weights_below_zero():
    write("a.csv", {"x": 3.0})
    write("b.csv", {"x": 1.0})
    pillars = '[pillars.a]\nfile = "a.csv"\nweight = 2\n[pillars.b]\nfile = "b.csv"\nweight = -1\n'
    Path("pbl.toml").write_text(pillars, encoding="utf-8")
    with pytest.raises(ContractError, match="must not be negative"):
        pbl.blend(output="s.csv")
    Path("pbl.toml").write_text(pillars + "[blend]\nnegative = true\n", encoding="utf-8")
    pbl.blend(output="s.csv")
    assert column("s.csv") == [5.0]


def warnings(*words):
    done = command("blend", *words, "--force", "--format", "json")
    assert done.code == 0, done.out
    return {each["code"]: each["message"] for each in json.loads(done.out)["warnings"]}


def test_ranks_are_warned_of_where_they_mean_little():
    ids = [f"i{k}__{'ab'[k % 2]}" for k in range(240)]
    paths = write_pillars(np.random.default_rng(0).random((2, 240)), ids)
    assert warnings(*paths, "--method", "rank") == {}
    Path("pbl.toml").write_text('[metric]\nname = "rmse"\n', encoding="utf-8")
    assert set(warnings(*paths, "--method", "rank")) == {"rank-and-metric"}
    assert warnings(*paths, "--method", "median") == {}
    for name in ("auc", "metric.py"):
        Path("pbl.toml").write_text(f'[metric]\nname = "{name}"\n', encoding="utf-8")
        assert warnings(*paths, "--method", "rank") == {}
    paths = write_pillars(np.random.default_rng(0).random((2, 180)), ids[:180])
    assert "90 rows" in warnings(*paths, "--method", "rank")["few-rows"]
    paths = write_pillars(np.random.default_rng(0).random((2, 5)), ids[:5])
    assert set(warnings(*paths, "--method", "rank")) == {"placeholder-ids"}


def test_classes_that_no_longer_sum_to_one_are_told_with_the_largest_difference(monkeypatch):
    Path("pbl.toml").write_text('[contract]\ntargets = ["c", "d", "e"]\n', encoding="utf-8")
    chance = np.random.default_rng(1)
    ids, header = [f"i{k}" for k in range(300)], ("sample_id", "c", "d", "e")
    for name in "abc":  # the median of two is their mean
        numbers = chance.dirichlet([1, 1, 1], size=300)
        write(f"{name}.csv", {key: tuple(map(float, row)) for key, row in zip(ids, numbers, strict=True)}, header)
    for turn in ("small", "large"):
        if turn == "large":
            enlarge(monkeypatch)
        assert warnings("a.csv", "b.csv", "c.csv") == {}
        for method in ("geometric", "rank", "median", "logit"):
            told = warnings("a.csv", "b.csv", "c.csv", "--method", method)["class-sums"]
            rows = np.array([row[1:] for row in read("submission.csv")[1]])
            assert f"by {abs(rows.sum(axis=1) - 1).max():.3g} at most" in told


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
