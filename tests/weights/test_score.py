from __future__ import annotations

import json

import numpy as np
import pytest
from sklearn.metrics import r2_score
from support.making import command, write

from pbl.weights.metrics import make_metric
from pbl.weights.score import score
from pbl.weights.sheet import make_sheet


def _sheet(**more):
    rng = np.random.default_rng(0)
    truth = rng.normal(size=(12, 2))
    guesses = {name: truth + rng.normal(size=(12, 2)) for name in ("siglip", "dino")}
    ids = [f"i{k:02d}" for k in range(12)]
    return truth, guesses, make_sheet(ids=ids, columns=["a", "b"], truth=truth, predictions=guesses, **more)


def test_scores_come_with_those_of_the_files_own_folds():
    truth, guesses, sheet = _sheet(folds={"siglip": ["0", "1", "2"] * 4})
    found = score(sheet, make_metric("r2", sheet.names), files={"siglip": "oof_siglip.csv"})
    told = json.loads(json.dumps(found.to_json(), allow_nan=False))
    each = [r2_score(truth[k::3].ravel(), guesses["siglip"][k::3].ravel()) for k in range(3)]
    first, second = told["scores"]
    assert first["file"] == "oof_siglip.csv"
    assert first["fold_mean"] == pytest.approx(np.mean(each), abs=1e-12)
    assert first["fold_sd"] == pytest.approx(np.std(each, ddof=1), abs=1e-12)
    assert first["per_target"]["b"] == pytest.approx(r2_score(truth[:, 1], guesses["siglip"][:, 1]), abs=1e-12)
    assert (second["fold_mean"], second["fold_sd"]) == (None, None)
    assert (told["rows"], told["samples"]) == (24, 12)
    assert told["baseline"]["per_target"] == pytest.approx({"a": 0, "b": 0}, abs=1e-12)


def test_a_blend_is_scored_last_with_its_shares():
    truth, guesses, sheet = _sheet()
    last = score(sheet, make_metric("r2", sheet.names), weights={"siglip": 3, "dino": 1}).to_json()["scores"][-1]
    assert last["weights"] == {"siglip": 0.75, "dino": 0.25}
    blend = 0.75 * guesses["siglip"] + 0.25 * guesses["dino"]
    assert last["score"] == pytest.approx(r2_score(truth.ravel(), blend.ravel()), abs=1e-12)


def test_a_blend_has_the_spread_of_folds_that_all_its_files_have():
    labels = ["0", "1", "2"] * 4
    truth, guesses, sheet = _sheet(folds={"": labels})
    blend = 0.75 * guesses["siglip"] + 0.25 * guesses["dino"]
    each = [r2_score(truth[k::3].ravel(), blend[k::3].ravel()) for k in range(3)]
    last = score(sheet, make_metric("r2", sheet.names), weights={"siglip": 3, "dino": 1}).to_json()["scores"][-1]
    assert last["fold_mean"] == pytest.approx(np.mean(each), abs=1e-12)
    assert last["fold_sd"] == pytest.approx(np.std(each, ddof=1), abs=1e-12)
    for folds in ({"siglip": labels}, {"siglip": labels, "dino": labels[::-1]}):
        sheet = _sheet(folds=folds)[2]
        both, alone = (
            score(sheet, make_metric("r2", sheet.names), weights={"siglip": 1, "dino": dino}).to_json()["scores"][-1]
            for dino in (1, 0)
        )
        assert both["fold_mean"] is None
        assert alone["fold_mean"] is not None


def test_mape_of_a_truth_with_zeros_is_told_to_be_made_by_them(here):
    truth = {f"i{n:02d}": float(n % 4) for n in range(40)}
    write("train.csv", truth)
    for name in "ab":
        write(f"oof_{name}.csv", {key: value + 0.5 for key, value in truth.items()})
    for what in ("score", "tune"):
        done = command(what, here, "--truth", "train.csv", "--metric", "mape", "--format", "json")
        assert "zero-truth" in [each["code"] for each in json.loads(done.out)["warnings"]]
        told = command(what, here, "--truth", "train.csv", "--metric", "mape")
        said = " ".join((told.out + told.talk).split())
        assert "the truth, which is 0 in 10 rows: any error there makes the score; take mae or rmse" in said
        other = command(what, here, "--truth", "train.csv", "--metric", "mae", "--format", "json")
        assert "zero-truth" not in other.out


@pytest.mark.parametrize("metric", ["r2", "rmse", "mae"])
def test_predictions_far_too_large_are_judged_without_a_warning_of_numpys(here, metric):
    rng = np.random.default_rng(1)
    truth = rng.normal(size=60)
    ids = [f"i{n:02d}" for n in range(60)]
    write(
        "train.csv", zip(ids, truth.tolist(), [n % 3 for n in range(60)], strict=True), ("sample_id", "target", "fold")
    )
    for name in "ab":
        write(f"oof_{name}.csv", dict(zip(ids, ((truth + rng.normal(size=60)) * 1e200).tolist(), strict=True)))
    told = {}
    for what in ("score", "tune", "compare"):
        words = (what, here, "--truth", "train.csv", "--metric", metric)
        done = command(*words, "--format", "json")
        assert (done.code, command(*words).code) == (0, 0), done.talk
        told[what] = json.loads(done.out, parse_constant=pytest.fail)
    first = told["score"]["scores"][0]
    assert [first[key] is None for key in ("score", "fold_mean", "fold_sd")] == [metric == "r2"] * 3
