"""One set of out-of-fold files, whatever road it takes, has one score, one comparison and the same advised weights.

The counterpart of `fuzz/test_roads.py`, with a truth.
"""

from __future__ import annotations

import os
from dataclasses import replace
from functools import partial
from random import Random

import pytest
from support.effort import THOROUGH
from support.roads import lay, make_roads, require_one_answer, say
from support.sets import make_numbers, make_set

from pbl.project.oof_files import select_oof
from pbl.weights.from_files import Question, compare_files, score_files, tune_files

SEED = os.environ.get("PBL_FUZZ_SEED", "2025")
COUNT = int(os.environ.get("PBL_ROADS_COUNT", "16" if THOROUGH else "4"))
FIRST = int(os.environ.get("PBL_ROADS_FIRST", "0"))
ROADS = 3
METRICS = ("rmse", "rmse", "mae", "r2", "medae", "mape")
OF_SHARES = ("logloss", "auc", "rmse")


def add_truth(chance, made):
    """Return the rows of a truth, with the template's fault if it has one, and the set, perhaps without a pillar."""
    sound = made.files[(made.where + 1) % len(made.files)]
    broken = any(fault.startswith("template") for fault in made.faults)
    keys = made.template if broken else [row[0] or "zz8" for row in sound]
    gone = chance.choice(made.names) if len(made.names) > 2 and chance.random() < 0.3 else ""
    rows = [(key, *make_numbers(chance, made.numbers, len(made.targets))) for key in keys]
    return rows, replace(made, gone=gone)


def walk(made, truth, how, road, folder):
    """Say what score, compare and tune say of a set that takes this road."""
    lay(made, road, folder, truth=truth)
    chosen = select_oof([folder], folder=folder)
    question = Question(**how)
    more = {"spill": folder, "limits": road.limits}

    def compared():
        return compare_files(chosen, replace(question, common_rows=False), top=10, **more)[0].to_json()

    def scored():
        found = score_files(chosen, question, weights=[1.0] * len(chosen.selection.names), method="mean", **more)
        table = found[0].to_json()
        return table | {"scores": [{k: v for k, v in each.items() if k != "file"} for each in table["scores"]]}

    def tuned():
        return tune_files(chosen, question, methods=["mean", "rank"], **more)[0].to_json()

    return {
        "left out": dict(chosen.left_out),
        "score": say(scored),
        "compare": say(compared),
        "tune": say(tuned),
    }


@pytest.mark.parametrize("number", range(FIRST, FIRST + COUNT))
def test_all_roads_give_one_answer(number, tmp_path, monkeypatch):
    chance = Random(f"{SEED}-{number}")  # noqa: S311 - to be made again, not to be secret
    truth, made = add_truth(chance, make_set(chance, faults=0.25, rows=(4, 20, 40)))
    metrics = OF_SHARES if made.numbers in {"share", "classes"} else METRICS
    how = {"metric": chance.choice(metrics), "common_rows": chance.random() < 0.3}
    roads = make_roads(chance, len(made.files), count=ROADS, frames=False)
    try:
        require_one_answer(partial(walk, made, truth, how), roads, tmp_path / "road", monkeypatch)
    except Exception as error:
        error.add_note(f"PBL_FUZZ_SEED={SEED} PBL_ROADS_FIRST={number} PBL_ROADS_COUNT=1: {how}, {made}, truth {truth}")
        raise
