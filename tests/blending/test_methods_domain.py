"""Numbers and weights that a method can't take, or that mean little there."""

import json
from pathlib import Path

import numpy as np
import pytest
from support.making import command, read, shuffled, write
from support.methods import ROWS, column, enlarge, write_pillars

import pbl
from pbl.domain.errors import ContractError, FindingsError

pytestmark = pytest.mark.usefixtures("here")


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


def test_a_recipe_whose_method_cannot_take_a_number_is_refused_for_that_and_not_for_its_hash():
    write("a.csv", {"x": 0.5, "y": 0.25})
    write("b.csv", {"x": 0.5, "y": -0.25})
    pbl.blend("a.csv", "b.csv", output="s.csv")
    kept = Path("s.recipe.json")
    kept.write_text(json.dumps(json.loads(kept.read_text()) | {"method": "geometric"}))
    with pytest.raises(FindingsError) as caught:
        pbl.blend(recipe=kept, output="again.csv")
    assert [each.code for each in caught.value.report.errors()] == ["PBL507"]
    assert not Path("again.csv").exists()


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
