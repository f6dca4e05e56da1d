"""Each folder under `cases/blend`: its files, blended as `arguments.json` says, give `expected.csv`.

What is expected was worked out by hand or in exact fractions, never by pbl. To add a case, add a folder.
"""

import json
import math
import shutil
from pathlib import Path

import pytest
from support.making import process, read

CASES = sorted(Path(__file__).parents[1].joinpath("cases", "blend").iterdir())


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
def test_each_case_gives_what_is_expected(case, tmp_path):
    arguments = json.loads((case / "arguments.json").read_text())
    here = tmp_path / "case"
    shutil.copytree(case, here, ignore=shutil.ignore_patterns("expected.csv", "arguments.json"))
    done = process("blend", *arguments, "--output", "../made.csv", folder=here)
    assert done.code == 0, done.talk
    made, expected = ((tmp_path / "made.csv").read_bytes(), (case / "expected.csv").read_bytes())
    if made == expected:
        return
    (header, rows), (wanted_header, wanted) = read(made), read(expected)  # a last bit may differ from the exact value
    assert (header, [row[0] for row in rows]) == (wanted_header, [row[0] for row in wanted])
    assert all(
        math.isclose(a, b, rel_tol=1e-15)
        for row, other in zip(rows, wanted, strict=True)
        for a, b in zip(row[1:], other[1:], strict=True)
    )
