"""Compare out-of-fold predictions, and score each: the comparison of a sheet.

The function behind `pbl compare --truth`, on arrays: the sheet comes from the reader that `score` has, the plan says
how the pillars are blended today.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.limits import Limits
from pbl.engine.duck import open_duck
from pbl.weights import metrics
from pbl.weights._arithmetic import fix_arithmetic
from pbl.weights._methods import prepare
from pbl.weights.compare import TOP, compare_rows

if TYPE_CHECKING:
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from pbl.blending.plan import Plan
    from pbl.domain.report import Report
    from pbl.weights.comparison import Comparison
    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet


def compare_oof(
    sheet: Sheet,
    metric: Metric,
    plan: Plan,
    report: Report,
    *,
    spill: Path,
    top: int = TOP,
    limits: Limits = Limits(),
) -> Comparison:
    """Compare a sheet's pillars, which are the plan's in its order, and score each; errors are correlated, too.

    `report` is what the checks had to say of the files. Raises what `compare` and `metrics.score` do.
    """
    for k, name in enumerate(sheet.pillars):
        metrics.check_domain(sheet, metric, np.asarray(sheet.predictions[k]), name)
    prepare(sheet, plan.method.value)  # it refuses what the method can't take
    with open_duck({}, limits, size=sheet.predictions.nbytes, spill=spill, ordered=True) as duck:
        with duck.batch(_frame(sheet)):
            duck.run("files/first_rows", table="numbers")
        found = compare_rows(duck, plan, report, top=top, limits=limits)
    with fix_arithmetic():
        scores = [metrics.score(sheet, metric, np.asarray(row)) for row in sheet.predictions]
        errors = [np.asarray(row) - sheet.truth for row in sheet.predictions]
    place = {name: k for k, name in enumerate(sheet.pillars)}
    return replace(
        found,
        metric=metric.name,
        pillars=tuple(replace(each, score=score) for each, score in zip(found.pillars, scores, strict=True)),
        pairs=tuple(
            replace(each, error_pearson=_pearson(errors[place[each.a]], errors[place[each.b]])) for each in found.pairs
        ),
    )


def _frame(sheet: Sheet) -> pl.DataFrame:
    import polars as pl

    numbers = {
        f"n{k}_{t}": np.ascontiguousarray(row[t :: sheet.width])
        for k, row in enumerate(sheet.predictions)
        for t in range(sheet.width)
    }
    ids = pl.Series("id", [str(each) for each in sheet.ids], dtype=pl.String)
    return pl.DataFrame([ids, *(pl.Series(name, column) for name, column in numbers.items())]).with_row_index("row")


def _pearson(one: NDArray[np.float64], other: NDArray[np.float64]) -> float | None:
    """Return the correlation of two errors, None if one is constant or too large for a double."""
    a, b = _deviations(one), _deviations(other)
    size = float(np.sqrt((a * a).sum()) * np.sqrt((b * b).sum()))
    return float(np.clip((a * b).sum() / size, -1, 1)) if size and np.isfinite(size) else None


def _deviations(errors: NDArray[np.float64]) -> NDArray[np.float64]:
    """Return errors less their mean, times a power of two, so that no square is too large or too small."""
    if not np.isfinite(errors).all() or not np.ptp(errors):
        return np.zeros(1)
    sized = np.ldexp(errors, -int(np.frexp(np.abs(errors).max())[1]))
    away = sized - sized.mean()
    return np.asarray(np.ldexp(away, -int(np.frexp(np.abs(away).max())[1])), dtype=np.float64)
