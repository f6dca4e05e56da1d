"""Find the weights that the out-of-fold predictions support, and say how sure that is.

The deed of `pbl tune` on arrays: the sheet comes from the reader, the result goes to the terminal and to `pbl.toml`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.weights import metrics
from pbl.weights._advice import EQUAL, FEWEST_GROUPS, SIGNED, SINGLE, TUNED, Advice, Choice, advise
from pbl.weights._cross_fit import baseline, cross_fitted, fold_scores, mean_and_sd
from pbl.weights._fit import is_squared, make_fitter, signed
from pbl.weights._grouping import groups_matter
from pbl.weights._methods import combine, prepare
from pbl.weights._one_thread import one_thread
from pbl.weights._resample import Gain, Interval, resample
from pbl.weights._scorers import make_scorer
from pbl.weights._suspects import Suspect, suspects
from pbl.weights.errors import MetricError
from pbl.weights.folds import Folds, Warned, folds_of_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pbl.weights._fit import Fitter
    from pbl.weights._methods import Method
    from pbl.weights._resample import Resamples
    from pbl.weights.metrics import Average, Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

CURRENT, SHRUNK = "current", "shrunk"


@dataclass(frozen=True, kw_only=True)
class Candidate:
    """One way to blend: weights fitted on all rows, scores of rows they were not fitted on."""

    name: str
    method: Method
    weights: Mapping[str, float]
    score: float | None
    se: float | None
    interval: Interval | None
    fold_mean: float | None
    fold_sd: float | None
    in_sample: float | None
    """Never shown in a table: the score on the rows of the fit flatters."""
    gain_over_equal: Gain | None
    gain_over_current: Gain | None

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {
            "name": self.name,
            "method": self.method,
            "weights": dict(self.weights),
            "score": self.score,
            "se": self.se,
            "interval": self.interval and list(self.interval),
            "fold_mean": self.fold_mean,
            "fold_sd": self.fold_sd,
            "in_sample": self.in_sample,
            "gain_over_equal": self.gain_over_equal and self.gain_over_equal.to_json(),
            "gain_over_current": self.gain_over_current and self.gain_over_current.to_json(),
        }


@dataclass(frozen=True, kw_only=True)
class FoldWeights:
    """The tuned weights fitted without one fold."""

    fold: str
    weights: Mapping[str, float]

    def to_json(self) -> dict[str, Any]:
        """Return the public form; folds that are numbers are numbers there."""
        return {"fold": int(self.fold) if self.fold.isdecimal() else self.fold, "weights": dict(self.weights)}


@dataclass(frozen=True, kw_only=True)
class LeftOut:
    """The cross-fitted score of the tuned weights of the others; a positive change is better without the pillar."""

    pillar: str
    score: float | None
    change: float | None

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {"pillar": self.pillar, "score": self.score, "change": self.change}


@dataclass(frozen=True, kw_only=True)
class Tuning:
    """What `tune` found."""

    metric: str
    average: Average
    greater_is_better: bool
    rows: int
    samples: int
    grouped_by: tuple[str, ...]
    groups: int
    folds: int
    pillars: tuple[str, ...]
    baseline: float | None
    candidates: tuple[Candidate, ...]
    fold_weights: tuple[FoldWeights, ...]
    leave_one_out: tuple[LeftOut, ...]
    suspicious: tuple[Suspect, ...]
    warnings: tuple[Warned, ...]
    advice: Advice
    rows_left_out: Mapping[str, int] = field(default_factory=dict)
    left_out: Mapping[str, str] = field(default_factory=dict)
    """The reason of each pillar that takes no part."""

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {
            "metric": self.metric,
            "average": self.average,
            "greater_is_better": self.greater_is_better,
            "rows": self.rows,
            "samples": self.samples,
            "rows_left_out": dict(self.rows_left_out),
            "groups": {"by": list(self.grouped_by), "count": self.groups, "folds": self.folds},
            "pillars": list(self.pillars),
            "left_out": [{"pillar": name, "reason": reason} for name, reason in self.left_out.items()],
            "baseline": None if self.baseline is None else {"score": self.baseline},
            "candidates": [each.to_json() for each in self.candidates],
            "folds": [each.to_json() for each in self.fold_weights],
            "leave_one_out": [each.to_json() for each in self.leave_one_out],
            "suspicious": [each.to_json() for each in self.suspicious],
            "warnings": [each.to_json() for each in self.warnings],
            "advice": self.advice.to_json(),
        }


def tune(
    sheet: Sheet,
    metric: Metric,
    folds: Folds | None = None,
    *,
    current: Mapping[str, float] | None = None,
    current_method: Method = "mean",
    methods: Sequence[Method] = ("mean",),
    negative: bool = False,
    trust: Sequence[str] = (),
    rows_left_out: Mapping[str, int] | None = None,
    left_out: Mapping[str, str] | None = None,
) -> Tuning:
    """Return the candidates with their cross-fitted scores, and the advice.

    `current` are today's weights by pillar (any scale), None for equal ones; `folds` default to the files' or pbl's
    own. Raises MetricError for a question that has no answer, its subclasses for numbers the metric refuses, and
    FitError if fitted weights fail their certificate.
    """
    folds = folds or folds_of_files(sheet)
    _check(sheet, metric, folds, negative=negative, trust=trust)
    with one_thread():
        for k, name in enumerate(sheet.pillars):
            metrics.check_domain(sheet, metric, np.asarray(sheet.predictions[k]), name)
        prepared = {m: prepare(sheet, m) for m in dict.fromkeys(["mean", current_method, *methods])}
        fitters = {m: make_fitter(sheet, metric, m, prepared[m], folds.row) for m in dict.fromkeys(["mean", *methods])}
        plans = _plans(sheet, metric, fitters, folds, _current(sheet, current), current_method, negative=negative)
        blends = np.array([cross_fitted(prepared[p.method], p.by_fold, p.method, folds) for p in plans])
        scores = [metrics.score(sheet, metric, blend) for blend in blends]
        means, base = baseline(sheet, metric, folds)
        drawn = _drawn(sheet, metric, blends, scores, means, base)
        in_sample = [
            metrics.score(sheet, metric, combine(prepared[p.method], p.whole[None], p.method)[0]) for p in plans
        ]
        candidates = _candidates(sheet, plans, scores, in_sample, fold_scores(sheet, metric, blends, folds), drawn)
        suspicious = suspects(sheet, metric, trust)
        tuned = next(k for k, p in enumerate(plans) if p.name == TUNED)
        return Tuning(
            metric=metric.name,
            average=metric.average,
            greater_is_better=metric.greater_is_better,
            rows=sheet.rows,
            samples=len(sheet.samples),
            grouped_by=sheet.grouped_by,
            groups=len(sheet.groups),
            folds=len(folds.names),
            pillars=sheet.pillars,
            baseline=base,
            candidates=candidates,
            fold_weights=tuple(
                FoldWeights(fold=name, weights=_named(sheet, weights))
                for name, weights in zip(folds.names, plans[tuned].by_fold, strict=True)
            ),
            leave_one_out=_leave_one_out(sheet, metric, fitters["mean"], prepared["mean"], folds, scores[tuned]),
            suspicious=suspicious,
            warnings=(
                *folds.warnings,
                *_warnings(sheet, fitters, base, left_out or {}),
                *groups_matter(sheet, blends[0]),
            ),
            advice=advise(
                [Choice(name=p.name, method=p.method, weights=c.weights, place=k)
                 for k, (p, c) in enumerate(zip(plans, candidates, strict=True))],
                drawn,
                baseline=None if base is None else len(plans),
                groups=len(sheet.groups),
                suspicious=suspicious,
            ),  # fmt: skip
            rows_left_out=dict(rows_left_out or {}),
            left_out=dict(left_out or {}),
        )


@dataclass(frozen=True, kw_only=True)
class _Plan:
    """A candidate before it is scored: weights fitted on all rows (p), and without each fold (folds x p)."""

    name: str
    method: Method
    whole: Floats
    by_fold: Floats


def _check(sheet: Sheet, metric: Metric, folds: Folds, *, negative: bool, trust: Sequence[str]) -> None:
    if len(sheet.pillars) < 2:  # noqa: PLR2004 - a blend has two
        raise MetricError(f"tune wants two pillars with out-of-fold predictions or more, got {len(sheet.pillars)}")
    if len(folds.names) < 2 or len(sheet.groups) < 2:  # noqa: PLR2004 - one fold leaves no rows to fit on
        raise MetricError("tune wants two groups in two folds or more: weights are judged on rows they didn't see")
    if negative and not is_squared(metric):
        raise MetricError(f"weights below 0 are fitted for squared errors only, not for {metric.name}")
    unknown = [name for name in trust if name not in sheet.pillars]
    if unknown:
        raise MetricError(f"there is no pillar {unknown[0]!r} to trust; there are {', '.join(sheet.pillars)}")


def _current(sheet: Sheet, current: Mapping[str, float] | None) -> Floats:
    given = np.array([float((current or {}).get(name, 0.0)) for name in sheet.pillars])
    return given / given.sum() if given.sum() > 0 else np.full(len(given), 1 / len(given))


def _plans(
    sheet: Sheet,
    metric: Metric,
    fitters: Mapping[Method, Fitter],
    folds: Folds,
    current: Floats,
    current_method: Method,
    *,
    negative: bool,
) -> list[_Plan]:
    """Return all candidates, `equal` first and `current` second."""
    count, number = len(sheet.pillars), len(folds.names)
    equal = np.full(count, 1 / count)

    def fixed(name: str, weights: Floats, method: Method) -> _Plan:
        return _Plan(name=name, method=method, whole=weights, by_fold=np.tile(weights, (number, 1)))

    def fitted(name: str, method: Method) -> _Plan:
        found = [fitters[method].fit(f) for f in range(number)]
        return _Plan(name=name, method=method, whole=fitters[method].fit(), by_fold=np.array(found))

    tuned = fitted(TUNED, "mean")
    plans = [
        fixed(EQUAL, equal, "mean"),
        fixed(CURRENT, current, current_method),
        _best_single(sheet, metric, folds),
        tuned,
        _Plan(name=SHRUNK, method="mean", whole=(tuned.whole + equal) / 2, by_fold=(tuned.by_fold + equal) / 2),
    ]
    if negative:
        by_fold = np.array([signed(fitters["mean"], f) for f in range(number)])
        plans.append(_Plan(name=SIGNED, method="mean", whole=signed(fitters["mean"]), by_fold=by_fold))
    for method in fitters:
        if method != "mean":
            plans += [fixed(f"{method}-equal", equal, method), fitted(f"{method}-tuned", method)]
    return plans


def _best_single(sheet: Sheet, metric: Metric, folds: Folds) -> _Plan:
    """Return the pillar of best score on all rows, and on the rows outside each fold; the first of equals."""
    singles = np.eye(len(sheet.pillars))

    def best(rows: NDArray[np.intp]) -> Floats:
        scores = metric.sign * make_scorer(sheet, metric, rows, defined_only=True).scores(sheet.predictions[:, rows])
        return singles[int(np.argmax(np.where(np.isfinite(scores), scores, -np.inf)))]

    by_fold = [best(np.flatnonzero(folds.row != f)) for f in range(len(folds.names))]
    return _Plan(name=SINGLE, method="mean", whole=best(np.arange(sheet.rows)), by_fold=np.array(by_fold))


def _drawn(
    sheet: Sheet, metric: Metric, blends: Floats, scores: Sequence[float | None], means: Floats, base: float | None
) -> Resamples:
    """Return the resamples of all candidates, and of the baseline after them where it has a score."""
    together = blends if base is None else np.vstack([blends, means])
    values = [*scores, base][: len(together)]
    whole = np.array([np.nan if each is None else each for each in values])
    return resample(sheet, make_scorer(sheet, metric), together, whole, metric.sign)


def _candidates(
    sheet: Sheet,
    plans: Sequence[_Plan],
    scores: Sequence[float | None],
    in_sample: Sequence[float | None],
    by_fold: Floats,
    drawn: Resamples,
) -> tuple[Candidate, ...]:
    found = []
    for k, plan in enumerate(plans):
        value, se = scores[k], None if scores[k] is None else drawn.se(k)
        reach = None if se is None else se * drawn.quantile
        mean, sd = mean_and_sd(by_fold[:, k])
        found.append(
            Candidate(
                name=plan.name,
                method=plan.method,
                weights=_named(sheet, plan.whole),
                score=value,
                se=se,
                interval=None if value is None or reach is None else (value - reach, value + reach),
                fold_mean=mean,
                fold_sd=sd,
                in_sample=in_sample[k],
                gain_over_equal=drawn.gain(k, 0),
                gain_over_current=drawn.gain(k, 1),
            )
        )
    return tuple(found)


def _leave_one_out(
    sheet: Sheet, metric: Metric, fitter: Fitter, prepared: Floats, folds: Folds, tuned: float | None
) -> tuple[LeftOut, ...]:
    found = []
    for k, pillar in enumerate(sheet.pillars):
        weights = np.array([fitter.fit(f, k) for f in range(len(folds.names))])
        value = metrics.score(sheet, metric, cross_fitted(prepared, weights, "mean", folds))
        change = None if value is None or tuned is None else metric.sign * (value - tuned)
        found.append(LeftOut(pillar=pillar, score=value, change=change))
    return tuple(found)


def _warnings(
    sheet: Sheet, fitters: Mapping[Method, Fitter], base: float | None, left_out: Mapping[str, str]
) -> tuple[Warned, ...]:
    found = []
    if len(sheet.groups) < FEWEST_GROUPS:
        said = f"{len(sheet.groups)} groups are too few to tell a gain from noise: equal weights are advised"
        found.append(Warned(code="few-groups", message=said))
    if any(each.sampled for each in fitters.values()):
        said = "the weights were searched on a fixed sample of whole groups of about 5,000 rows; scores are of all rows"
        found.append(Warned(code="rows-sampled", message=said))
    if left_out:
        said = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        found.append(Warned(code="left-out", message=f"these pillars take no part: {said}"))
    if base is None:
        said = "the metric refuses a prediction of means: whether a blend says anything was not tested"
        found.append(Warned(code="baseline-undefined", message=said))
    return tuple(found)


def _named(sheet: Sheet, weights: Floats) -> dict[str, float]:
    return dict(zip(sheet.pillars, weights.tolist(), strict=True))
