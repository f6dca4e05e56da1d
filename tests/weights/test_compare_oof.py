"""With a truth, a comparison has scikit-learn's scores and numpy's correlations of errors."""

import json
from pathlib import Path

import numpy as np
import pytest
from sklearn.metrics import root_mean_squared_error
from support.making import command, write

import pbl
from pbl.blending.plan import plan_blend
from pbl.domain.contract import Contract
from pbl.domain.pillars import Pillar, Selection
from pbl.domain.report import Report
from pbl.domain.settings import Settings
from pbl.weights.compare_oof import _pearson, compare_oof
from pbl.weights.metrics import make_metric
from pbl.weights.sheet import make_sheet

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize("columns", [("target",), ("x", "y")])
def test_scores_and_the_errors_correlations_are_added(columns):
    chance = np.random.default_rng(0)
    ids = [f"s{k}" for k in chance.permutation(50)]
    truth = chance.normal(size=(50, len(columns)))
    files = {name: truth + chance.normal(size=truth.shape) for name in ("b", "a", "c")}
    files["exact"] = truth
    sheet = make_sheet(ids=ids, columns=columns, truth=truth, predictions=files)
    plan = plan_blend(
        Selection(
            pillars=tuple(Pillar(name=name, path=Path(name)) for name in files),
            settings=Settings(contract=Contract(targets=columns)),
        )
    )
    report = Report(files=(), template=None, set_aside=(), findings=())
    found = compare_oof(sheet, make_metric("rmse", sheet.names), plan, report, spill=Path()).to_json()
    assert found["metric"] == "rmse"
    assert found["rows"] == truth.size
    for each in found["pillars"]:
        assert each["score"] == pytest.approx(root_mean_squared_error(truth.ravel(), files[each["pillar"]].ravel()))
        assert each["mean"] == pytest.approx(files[each["pillar"]].mean())
    for each in found["pairs"]:
        a, b = ((files[each[key]] - truth).ravel() for key in "ab")
        wanted = None if "exact" in {each["a"], each["b"]} else pytest.approx(np.corrcoef(a, b)[0, 1], abs=1e-12)
        assert each["error_pearson"] == wanted


def test_the_command_reads_out_of_fold_files_and_their_truth():
    chance = np.random.default_rng(1)
    ids, truth = [f"s{k}" for k in range(40)], chance.normal(size=40)
    write("train.csv", dict(zip(ids, map(float, truth), strict=True)))
    files = {name: truth + chance.normal(size=40) for name in "ab"}
    for name, numbers in files.items():
        write(f"oof_{name}.csv", dict(zip(reversed(ids), map(float, numbers[::-1]), strict=True)))
    done = command("compare", "oof_a.csv", "oof_b.csv", "--truth", "train.csv", "--metric", "rmse", "--format", "json")
    assert done.code == 0, done.talk
    found = json.loads(done.out)
    assert found["metric"] == "rmse"
    for each in found["pillars"]:
        assert each["score"] == pytest.approx(root_mean_squared_error(truth, files[each["pillar"]]))
    errors = np.corrcoef(*(numbers - truth for numbers in files.values()))[0, 1]
    assert found["pairs"][0]["error_pearson"] == pytest.approx(errors, abs=1e-12)
    assert pbl.compare("oof_a.csv", "oof_b.csv", truth="train.csv", metric="rmse").metric == "rmse"
    assert command("compare", "oof_a.csv", "--metric", "rmse").code == 2


@pytest.mark.parametrize("size", [2.0**-900, 2.0**-600, 1.0, 2.0**600, 2.0**900])
def test_the_size_of_errors_does_not_change_how_they_correlate(size):
    one, other = np.random.default_rng(5).normal(size=(2, 40))
    assert _pearson(one * size, other) == pytest.approx(np.corrcoef(one, other)[0, 1], abs=1e-12)
    assert _pearson(one * size, one * size * 3) == pytest.approx(1)
    assert _pearson(np.full(40, size), other) is None
    assert _pearson(np.where(one > 0, np.inf, one), other) is None


def test_a_pillar_without_an_out_of_fold_file_is_said():
    for name in "ab":
        write(f"oof_{name}.csv", [(f"i{n}", n + (name == "b")) for n in range(5)])
    write("train.csv", [(f"i{n}", n) for n in range(5)])
    Path("pbl.toml").write_text("".join(f"[pillars.{name}]\nfile = '{name}.csv'\nweight = 1\n" for name in "abc"))
    done = command("compare", ".", "--truth", "train.csv", "--metric", "rmse", "--format", "json")
    assert done.code == 0
    assert "left out  c: no oof_c.csv" in done.talk
    assert json.loads(done.out)["left_out"] == [{"pillar": "c", "reason": "no oof_c.csv"}]
    Path("pbl.toml").write_text(Path("pbl.toml").read_text().replace("weight = 1", "weight = 0", 2))
    zero = command("compare", ".", "--truth", "train.csv", "--metric", "rmse", "--format", "json")
    assert json.loads(zero.out)["pillars"] == json.loads(done.out)["pillars"]  # weights that are all 0 are equal ones
