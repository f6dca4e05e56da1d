"""One set of pillars, whatever road it takes to pbl, has one answer: the same doubles, findings and comparisons.

`PBL_FUZZ_SEED` and `PBL_ROADS_COUNT` choose the sets, `PBL_ROADS_FIRST` the first; a failure prints both.
"""

from __future__ import annotations

import csv
import io
import os
from datetime import UTC, datetime
from functools import partial
from random import Random

import polars as pl
import pytest
from support.effort import THOROUGH
from support.roads import ORDER, due_order, lay, make_roads, require_one_answer, say, selected, told
from support.sets import FAULTS, make_set

from pbl.blending.blend import blend
from pbl.blending.plan import plan_blend
from pbl.checks.validate import validate
from pbl.domain.provenance import Provenance
from pbl.domain.rules import Severity
from pbl.weights.compare import compare

SEED = os.environ.get("PBL_FUZZ_SEED", "2025")
COUNT = int(os.environ.get("PBL_ROADS_COUNT", "34" if THOROUGH else "5"))
FIRST = int(os.environ.get("PBL_ROADS_FIRST", "0"))
SHARDS = 2
ROADS = 4
OF_IDS = {*FAULTS["id"], *FAULTS["template"]}
MADE = Provenance(now=datetime(2025, 1, 1, tzinfo=UTC), version="0")


def read(path):
    """Read a submission without pbl: ids, and numbers bit for bit."""
    if path.suffix == ".parquet":
        rows = pl.read_parquet(path).rows()
    else:
        _, *rows = csv.reader(io.StringIO(path.read_bytes().decode(), newline=""), strict=True)
    return [(row[0], *(float(cell).hex() for cell in row[1:])) for row in rows]


def require_order(made, road, findings):
    """See that a set with the same ids in all files is said to have the order that it has."""
    if not OF_IDS & {*made.faults}:
        assert sorted(f.pillar for f in findings if f.code == ORDER) == due_order(made, road)[1]


def validated(selection, made, road, folder):
    findings = validate(selection, spill=folder, limits=road.limits, max_examples=None).findings
    if not any(f.severity is Severity.ERROR for f in findings):
        require_order(made, road, findings)
    return told(findings)


def blended(selection, made, road, folder):
    plan = plan_blend(selection, **made.how)
    done = blend(plan, output=folder / road.output, provenance=MADE, spill=folder, limits=road.limits)
    out, rows = done.recipe.output, read(folder / road.output)
    require_order(made, road, done.report.findings)
    assert [row[0] for row in rows] == due_order(made, road)[0]
    return {
        "rows": sorted(rows),
        "output": (out.rows, out.clipped, out.min.hex(), out.max.hex(), out.mean),
        "below": dict(done.below),
        "warnings": [(each.code, each.message) for each in done.warnings],
        "residuals": [each.to_json() for each in done.residuals],
        "findings": [found[:-1] for found in told(done.report.findings)],
    }


def compared(selection, made, road, folder):
    plan = plan_blend(selection, **made.how)
    return compare(plan, spill=folder, limits=road.limits).to_json()


def asked(chance, made):
    """Choose what to ask about a set: the blend always, the rest where it says most."""
    also = {validated: 0.8 if made.faults else 0.2, compared: 0.3 if made.faults else 0.7}
    return [blended, *(each for each, often in also.items() if chance.random() < often)]


def walk(made, questions, road, folder):
    """Say what is answered about a set that takes this road."""
    frames = lay(made, road, folder)
    with selected(frames, folder) as selection:
        return {each.__name__: say(partial(each, selection, made, road, folder)) for each in questions}


@pytest.mark.parametrize("shard", range(SHARDS))
def test_all_roads_give_one_answer(shard, tmp_path, monkeypatch):
    for number in range(FIRST + shard, FIRST + COUNT, SHARDS):
        chance = Random(f"{SEED}-{number}")  # noqa: S311 - to be made again, not to be secret
        made = make_set(chance)
        questions = asked(chance, made)
        roads = make_roads(chance, len(made.files), count=ROADS, frames=not made.members)
        try:
            require_one_answer(partial(walk, made, questions), roads, tmp_path / str(number), monkeypatch)
        except Exception as error:
            error.add_note(f"PBL_FUZZ_SEED={SEED} PBL_ROADS_FIRST={number} PBL_ROADS_COUNT=1: {made}")
            raise
