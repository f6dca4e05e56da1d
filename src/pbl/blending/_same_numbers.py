"""Whether a submission made again has the recipe's numbers, where the last digits may differ.

`replay` asks it of geometric and logit, whose logarithms differ between machines.
"""

from __future__ import annotations

import math
from contextlib import closing
from itertools import zip_longest
from typing import TYPE_CHECKING, Any

from pbl.domain.limits import Limits
from pbl.project.recipe_files import same_bytes
from pbl.reading.parquet import open_parts
from pbl.reading.parquet_rows import read_rows
from pbl.storage.csv_text import csv_records

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pbl.blending._submission import Submission
    from pbl.domain.recipe import Recipe
    from pbl.storage.commit import Draft

NEAR = 1e-12
"""The relative difference that two machines may have."""
_NEAR_MEAN = 1e-11
"""The same for a mean, which recipes keep in 12 digits."""


def same_numbers(made: Submission, draft: Draft, recipe: Recipe, recorded: Path) -> bool:
    """Say whether a draft has the recipe's numbers to 1e-12: those of its file, or, without it, of its summary."""
    summary, output = made.written.summary, recipe.output
    if (summary.rows, summary.clipped) != (output.rows, output.clipped):
        return False
    if not same_bytes(recorded, output.sha256):
        pairs = ((summary.lowest, output.min), (summary.highest, output.max))
        near = all(_near(a, b) for a, b in pairs)
        return near and math.isclose(summary.mean, output.mean, rel_tol=_NEAR_MEAN, abs_tol=NEAR)
    if output.content_sha256 is not None:
        return all(
            one[0] == other[0] and all(map(_near, one[1:], other[1:]))
            for one, other in zip_longest(_rows(draft.path, recipe), _rows(recorded, recipe), fillvalue=("", math.nan))
        )
    with draft.path.open(newline="", encoding="utf-8") as one, recorded.open(newline="", encoding="utf-8") as other:
        lines = zip_longest(csv_records(one), csv_records(other))
        if next(lines)[0] is None:
            return False
        return all(
            bool(a and b) and a[0] == b[0] and all(map(_near, map(float, a[1:]), map(float, b[1:]))) for a, b in lines
        )


def _rows(path: Path, recipe: Recipe) -> Iterator[tuple[Any, ...]]:
    file = open_parts(path, None)
    with closing(file):
        for frame in read_rows(file, recipe.contract, Limits(), ids_only=False):
            yield from frame.rows()


def _near(one: float, other: float) -> bool:
    return math.isclose(one, other, rel_tol=NEAR, abs_tol=NEAR)
