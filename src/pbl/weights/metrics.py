"""Score predictions by the field's metrics: scikit-learn's numbers, per target name, averaged, or by class.

The scores that `score` and `tune` report come from here; `_scorers` has fast forms for search and resamples.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from difflib import get_close_matches
from typing import TYPE_CHECKING, Literal

import numpy as np

from pbl.domain.warned import Warned
from pbl.domain.wording import plural
from pbl.weights import _formulas
from pbl.weights._metric_file import call
from pbl.weights.errors import MetricDomainError, MetricError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from numpy.typing import NDArray

    from pbl.weights._metric_file import MetricFunction
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

Average = Literal["rows", "targets"]

CSIRO = {"Dry_Green_g": 0.1, "Dry_Dead_g": 0.1, "Dry_Clover_g": 0.1, "GDM_g": 0.2, "Dry_Total_g": 0.5}
HIGHER = frozenset({"r2", "auc", "accuracy", "weighted-r2", "csiro-biomass"})
NAMES = ("r2", "rmse", "mae", "medae", "mape", "rmsle", "logloss", "auc", "accuracy", "weighted-r2", "csiro-biomass")
SQUARED = frozenset({"r2", "rmse", "weighted-r2", "csiro-biomass"})
EPSILON = _formulas.EPSILON
OF_CLASSES = frozenset({"logloss", "auc", "accuracy"})
"""They want a truth of 0 and 1, and read a class column as such."""


@dataclass(frozen=True, kw_only=True)
class Metric:
    """A metric as asked for; `weights` of rows by target name, `function` of a metric file."""

    name: str
    average: Average = "rows"
    greater_is_better: bool
    weights: Mapping[str, float] | None = None
    function: MetricFunction | None = None
    columns: tuple[str, ...] = ()
    """Further columns of the truth that a metric file wants."""

    @property
    def sign(self) -> float:
        """Return 1 where higher is better, else -1: a gain is the sign times a difference of scores."""
        return 1.0 if self.greater_is_better else -1.0


def make_metric(
    name: str | None,
    target_names: Sequence[str],
    *,
    average: Average = "rows",
    weights: Mapping[str, float] | None = None,
) -> Metric:
    """Return the metric of that name, the default for None; raise MetricError if it is unknown or lacks weights."""
    name = name or ("csiro-biomass" if set(target_names) == set(CSIRO) else "r2")
    check_name(name)
    if name == "csiro-biomass":
        weights = CSIRO
    elif name != "weighted-r2":
        weights = None
    elif not weights:
        raise MetricError("weighted-r2 wants the row weights of every target name: set [metric] weights in pbl.toml")
    lacking = [each for each in target_names if weights is not None and each not in weights]
    if lacking:
        raise MetricError(f"{name} has no row weight for the target name {lacking[0]!r}")
    if weights is not None and not all(math.isfinite(w) and w > 0 for w in weights.values()):
        raise MetricError(f"{name} wants row weights above 0")
    return Metric(name=name, average=average, greater_is_better=name in HIGHER, weights=weights)


def check_name(name: str) -> None:
    """Raise MetricError if there is no metric of that name, with the nearest one."""
    if name not in NAMES:
        near = get_close_matches(name.lower().replace("_", "-"), NAMES, n=1)
        meant = f"; did you mean {near[0]!r}? If not," if near else ":"
        raise MetricError(f"unknown metric {name!r}{meant} give one of {', '.join(NAMES)}, or a file such as metric.py")


def file_metric(
    name: str, function: MetricFunction, *, greater_is_better: bool = True, columns: Sequence[str] = ()
) -> Metric:
    """Return the metric of a Kaggle `score` function; `columns` of the truth are handed to it too."""
    return Metric(name=name, greater_is_better=greater_is_better, function=function, columns=tuple(columns))


def check_domain(sheet: Sheet, metric: Metric, predictions: Floats, name: str) -> None:
    """Raise MetricDomainError if the metric refuses these numbers; `name` says whose they are."""
    if metric.name == "rmsle":
        _refuse(sheet, sheet.truth < 0, "the truth", "rmsle wants numbers of 0 or more")
        _refuse(sheet, predictions < 0, name, "rmsle wants numbers of 0 or more")
    if metric.name in OF_CLASSES and sheet.label is None:
        odd = (sheet.truth != 0) & (sheet.truth != 1)
        _refuse(sheet, odd, "the truth", f"{metric.name} wants a truth of 0 and 1")
    if metric.name == "logloss":
        odd = predictions < 0 if sheet.label is not None else (predictions < 0) | (predictions > 1)
        wanted = "0 or more" if sheet.label is not None else "0 to 1"
        _refuse(sheet, odd, name, f"logloss wants probabilities of {wanted}")
        if sheet.label is not None:
            empty = predictions.reshape(-1, sheet.width).sum(axis=1) <= 0
            _refuse(sheet, np.repeat(empty, sheet.width), name, "logloss wants a class with a probability above 0")


def find_doubts(sheet: Sheet, metric: Metric) -> tuple[Warned, ...]:
    """Return a warning where mape divides by a truth of 0: scikit-learn then divides by 2.2e-16."""
    zeros = int(np.count_nonzero(sheet.truth == 0)) if metric.name == "mape" else 0
    if not zeros:
        return ()
    said = f"mape divides by the truth, which is 0 in {plural(zeros, 'row')}: any error there makes the score"
    return (Warned(code="zero-truth", message=f"{said}; take mae or rmse"),)


def score(sheet: Sheet, metric: Metric, predictions: Floats, rows: NDArray[np.intp] | None = None) -> float | None:
    """Return the score of n predictions, None where it isn't defined; `rows` takes whole ids only.

    Raises ParticipantVisible and MetricFileError of a metric file.
    """
    chosen = np.arange(sheet.rows) if rows is None else rows
    if metric.function is not None:
        return call(metric.function, sheet, predictions, chosen, columns=metric.columns)
    if metric.average == "targets" or (metric.name == "auc" and sheet.label is not None):
        parts = [chosen[sheet.target[chosen] == t] for t in range(len(sheet.names))]
        found = [_one_target(sheet, metric, predictions, part) for part in parts]
        return None if any(each is None for each in found) else float(np.mean([each or 0.0 for each in found]))
    if sheet.label is not None and metric.name in {"logloss", "accuracy"}:
        return _of_classes(sheet, metric.name, predictions, chosen)
    weights = row_weights(sheet, metric)
    return _plain(metric.name, sheet.truth[chosen], predictions[chosen], None if weights is None else weights[chosen])


def per_target(sheet: Sheet, metric: Metric, predictions: Floats) -> dict[str, float | None]:
    """Return the plain score within each target name; nothing for a metric file."""
    if metric.function is not None:
        return {}
    return {
        name: _one_target(sheet, metric, predictions, np.flatnonzero(sheet.target == t))
        for t, name in enumerate(sheet.names)
    }


def within_target(metric: Metric) -> Metric:
    """Return the plain metric that each target name is scored by; raise MetricError for a metric file."""
    if metric.function is not None:
        raise MetricError(f"{metric.name} has no score within a target name, so there are no weights per target")
    name = "r2" if metric.weights is not None else metric.name
    return Metric(name=name, greater_is_better=metric.greater_is_better)


def row_weights(sheet: Sheet, metric: Metric) -> Floats | None:
    """Return the weight of each row, None where all rows count alike."""
    if metric.weights is None:
        return None
    return np.array([metric.weights[name] for name in sheet.names])[sheet.target]


def shares(sheet: Sheet, predictions: Floats) -> Floats:
    """Return each class's share of its id's probabilities, row by row."""
    table = predictions.reshape(-1, sheet.width)
    with np.errstate(invalid="ignore"):  # a row of zeros has none: weights of each class's own may make one
        return np.asarray((table / table.sum(axis=1, keepdims=True)).reshape(-1))


def _refuse(sheet: Sheet, odd: NDArray[np.bool_], name: str, wanted: str) -> None:
    where = np.flatnonzero(odd)
    if len(where):
        row = f"{sheet.ids[where[0] // sheet.width]}"
        if sheet.width > 1:
            row += f", column {sheet.columns[where[0] % sheet.width]}"
        raise MetricDomainError(f"{wanted}; {name} has {len(where):,} other than that, first at {row}")


def _one_target(sheet: Sheet, metric: Metric, predictions: Floats, rows: NDArray[np.intp]) -> float | None:
    if sheet.label is not None and metric.name == "logloss":
        predictions = shares(sheet, predictions)
    return _plain(metric.name, sheet.truth[rows], predictions[rows], None)


def _plain(name: str, truth: Floats, predictions: Floats, weights: Floats | None) -> float | None:
    """Return a metric of one run of rows, None where it isn't defined."""
    if len(truth) == 0:
        return None
    match name:
        case "r2" | "weighted-r2" | "csiro-biomass":
            found = _formulas.r2(truth, predictions, weights) if len(truth) > 1 else math.nan
        case "auc":
            found = _formulas.auc(predictions[truth == 1], predictions[truth != 1])
        case _:
            found = _PLAIN[name](truth, predictions)
    return found if math.isfinite(found) else None


_PLAIN: Mapping[str, Callable[[Floats, Floats], float]] = {
    "rmse": _formulas.rmse,
    "mae": _formulas.mae,
    "medae": _formulas.medae,
    "mape": _formulas.mape,
    "rmsle": _formulas.rmsle,
    "logloss": _formulas.logloss,
    "accuracy": _formulas.accuracy,
}


def _of_classes(sheet: Sheet, name: str, predictions: Floats, rows: NDArray[np.intp]) -> float | None:
    """Return logloss or accuracy of the class column."""
    at = rows[:: sheet.width] // sheet.width
    if sheet.label is None or not len(at):
        return None
    label = sheet.label[at]
    if name == "accuracy":
        return float(np.mean(predictions.reshape(-1, sheet.width)[at].argmax(axis=1) == label))
    if sheet.width == 1:
        return None
    found = _formulas.class_logloss(label, shares(sheet, predictions).reshape(-1, sheet.width)[at])
    return found if math.isfinite(found) else None
