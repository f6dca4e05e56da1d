"""Fit every candidate: on all rows for its weights, and without each fold for its score.

Between the fitters and `tune`, which scores the candidates and advises.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np

from pbl.weights import metrics
from pbl.weights._advice import EQUAL, PER_TARGET, SIGNED, SINGLE, TUNED
from pbl.weights._fit import fit_signed, make_fitter
from pbl.weights._methods import combine, prepare
from pbl.weights._scorers import make_scorer
from pbl.weights.cross_fit import by_place, cross_fit

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import NDArray

    from pbl.domain.target_weights import Weights
    from pbl.weights._fit import Fitter
    from pbl.weights._methods import Method
    from pbl.weights.folds import Folds
    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

CURRENT, SHRUNK = "current", "shrunk"
_ROUNDED = 0.005
"""Weights that are this near may be others, written with two digits."""


@dataclass(frozen=True, kw_only=True)
class Bench:
    """What all candidates are made with: each method's numbers (p x n) and fitter."""

    sheet: Sheet
    metric: Metric
    folds: Folds
    prepared: Mapping[Method, Floats]
    fitters: Mapping[Method, Fitter]


@dataclass(frozen=True, kw_only=True)
class Plan:
    """A candidate before it is scored: weights fitted on all rows (p), and without each fold (folds x p)."""

    name: str
    method: Method
    whole: Floats
    by_fold: Floats
    fitted_as: str | None = None
    """Of today's weights: the candidate that has them on all rows, so that they were fitted on these rows."""

    def cross_fit(self, bench: Bench) -> Floats:
        """Return n predictions of rows that the weights were not fitted on."""
        return cross_fit(bench.prepared[self.method], self.by_fold, self.method, bench.folds)

    def in_sample(self, bench: Bench) -> Floats:
        """Return n predictions of rows that the weights were fitted on."""
        return np.asarray(combine(bench.prepared[self.method], self.whole[None], self.method)[0])

    def name_weights(self, sheet: Sheet) -> Weights:
        """Return the weights fitted on all rows, by pillar."""
        return name_weights(sheet, self.whole)


@dataclass(frozen=True, kw_only=True)
class TargetPlan(Plan):
    """A candidate with weights of each target name: targets x p, and folds x targets x p."""

    def cross_fit(self, bench: Bench) -> Floats:
        """Return n predictions of rows that the weights were not fitted on."""
        targets = len(bench.sheet.names)
        place = bench.folds.row * targets + bench.sheet.target
        flat = self.by_fold.reshape(-1, self.by_fold.shape[-1])
        return by_place(bench.prepared[self.method], flat, self.method, place)

    def in_sample(self, bench: Bench) -> Floats:
        """Return n predictions of rows that the weights were fitted on."""
        return by_place(bench.prepared[self.method], self.whole, self.method, bench.sheet.target)

    def name_weights(self, sheet: Sheet) -> Weights:
        """Return the weights fitted on all rows, by target name, then by pillar."""
        return {name: name_weights(sheet, own) for name, own in zip(sheet.names, self.whole, strict=True)}


def make_bench(sheet: Sheet, metric: Metric, folds: Folds, methods: Iterable[Method], current_method: Method) -> Bench:
    """Return the bench of the mean, today's method and the others to judge."""
    judged = tuple(dict.fromkeys(["mean", *methods]))
    prepared = {m: prepare(sheet, m) for m in dict.fromkeys([*judged, current_method])}
    fitters = {m: make_fitter(sheet, metric, m, prepared[m], folds.row) for m in judged}
    return Bench(sheet=sheet, metric=metric, folds=folds, prepared=prepared, fitters=fitters)


def make_plans(
    bench: Bench,
    current: Mapping[str, float] | None,
    current_method: Method,
    *,
    negative: bool,
    per_target: bool = False,
) -> list[Plan]:
    """Return all candidates, `equal` first and `current` second."""
    count, number = len(bench.sheet.pillars), len(bench.folds.names)
    equal = np.full(count, 1 / count)

    def fix(name: str, weights: Floats, method: Method) -> Plan:
        return Plan(name=name, method=method, whole=weights, by_fold=np.tile(weights, (number, 1)))

    def fit(name: str, method: Method) -> Plan:
        found = [bench.fitters[method].fit(f) for f in range(number)]
        return Plan(name=name, method=method, whole=bench.fitters[method].fit(), by_fold=np.array(found))

    tuned = fit(TUNED, "mean")
    plans = [
        fix(EQUAL, equal, "mean"),
        fix(CURRENT, _shares(bench.sheet, current), current_method),
        _best_single(bench),
        tuned,
        Plan(name=SHRUNK, method="mean", whole=(tuned.whole + equal) / 2, by_fold=(tuned.by_fold + equal) / 2),
    ]
    if negative:
        by_fold = np.array([fit_signed(bench.fitters["mean"], f) for f in range(number)])
        plans.append(Plan(name=SIGNED, method="mean", whole=fit_signed(bench.fitters["mean"]), by_fold=by_fold))
    if per_target:
        plans.append(_per_target(bench, tuned))
    for method in bench.fitters:
        if method != "mean":
            plans += [fix(f"{method}-equal", equal, method), fit(f"{method}-tuned", method)]
    plans[1] = _find_fitted(plans[1], plans)
    return plans


def fit_without(bench: Bench, pillar: int) -> Floats:
    """Return the cross-fitted predictions of the tuned weights of the others."""
    weights = [bench.fitters["mean"].fit(f, pillar) for f in range(len(bench.folds.names))]
    return cross_fit(bench.prepared["mean"], np.array(weights), "mean", bench.folds)


def name_weights(sheet: Sheet, weights: Floats) -> dict[str, float]:
    """Return p weights by pillar."""
    return dict(zip(sheet.pillars, weights.tolist(), strict=True))


def _per_target(bench: Bench, tuned: Plan) -> Plan:
    """Fit each target name's weights on its rows alone; where a fold leaves it none, the tuned ones serve."""
    sheet, folds = bench.sheet, bench.folds
    whole, by_fold = [], []
    for t in range(len(sheet.names)):
        rows = np.flatnonzero(sheet.target == t)
        part, metric = sheet.of_target(t), metrics.within_target(bench.metric)
        if sheet.label is not None and metric.name == "logloss":
            given = np.array([metrics.shares(sheet, np.asarray(each)) for each in sheet.predictions])
            part = replace(part, predictions=given[:, rows])
        fold = folds.row[rows]
        fitter = make_fitter(part, metric, "mean", part.predictions, fold)
        whole.append(fitter.fit())
        by_fold.append(
            [fitter.fit(f) if (fold != f).any() else tuned.by_fold[f] for f in range(len(folds.names))],
        )
    return TargetPlan(
        name=PER_TARGET, method="mean", whole=np.array(whole), by_fold=np.array(by_fold).transpose(1, 0, 2)
    )


def _find_fitted(current: Plan, plans: Sequence[Plan]) -> Plan:
    """Return today's weights as what a candidate is without each fold, if they are its weights on all rows.

    Weights that `tune` found and the user kept would else be scored on the rows that they were fitted on. One pillar
    alone is what many choose by hand, so it is not taken for the best single one.
    """
    like = [each for each in plans if each.method == current.method and each.whole.shape == current.whole.shape]
    like = [each for each in like if each.name != SINGLE]
    apart = {each.name: float(np.abs(each.whole - current.whole).max()) for each in like if each is not current}
    near = min(like, key=lambda each: apart.get(each.name, np.inf))
    if apart.get(near.name, np.inf) > _ROUNDED or near.name.endswith(EQUAL):
        return current
    return replace(current, by_fold=near.by_fold, fitted_as=near.name)


def _shares(sheet: Sheet, current: Mapping[str, float] | None) -> Floats:
    given = np.array([float((current or {}).get(name, 0.0)) for name in sheet.pillars])
    total = float(given.sum())
    return np.asarray(given / total) if total > 0 else np.full(len(given), 1 / len(given))


def _best_single(bench: Bench) -> Plan:
    """Return the pillar of best score on all rows, and on the rows outside each fold; the first of equals."""
    sheet, metric, folds = bench.sheet, bench.metric, bench.folds
    singles = np.eye(len(sheet.pillars))

    def best(rows: NDArray[np.intp]) -> Floats:
        scores = metric.sign * make_scorer(sheet, metric, rows, defined_only=True).scores(sheet.predictions[:, rows])
        return np.asarray(singles[int(np.argmax(np.where(np.isfinite(scores), scores, -np.inf)))])

    by_fold = [best(np.flatnonzero(folds.row != f)) for f in range(len(folds.names))]
    return Plan(name=SINGLE, method="mean", whole=best(np.arange(sheet.rows)), by_fold=np.array(by_fold))
