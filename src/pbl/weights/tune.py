"""Find the weights that the out-of-fold predictions support, and say how sure that is.

The function behind `pbl tune`, on arrays: the sheet comes from the reader, the result goes to the terminal and to
`pbl.toml`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.warned import Warned
from pbl.weights import metrics
from pbl.weights._advice import TUNED, Choice, advise
from pbl.weights._arithmetic import fix_arithmetic
from pbl.weights._fit import is_squared
from pbl.weights._plans import CURRENT, fit_without, make_bench, make_plans, name_weights
from pbl.weights._resample import resample
from pbl.weights._scorers import make_scorer
from pbl.weights._suspects import suspects
from pbl.weights.cross_fit import baseline, fold_scores, mean_and_sd
from pbl.weights.errors import MetricError
from pbl.weights.folds import folds_of_files
from pbl.weights.grouping import FEWEST_GROUPS, groups_matter
from pbl.weights.tuning import Candidate, FoldWeights, LeftOut, Tuning

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pbl.weights._methods import Method
    from pbl.weights._plans import Bench, Plan
    from pbl.weights._resample import Resamples
    from pbl.weights.folds import Folds
    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]


def tune(
    sheet: Sheet,
    metric: Metric,
    folds: Folds | None = None,
    *,
    current: Mapping[str, float] | None = None,
    current_method: Method = "mean",
    methods: Sequence[Method] = ("mean",),
    negative: bool = False,
    per_target: bool = False,
    trust: Sequence[str] = (),
    rows_left_out: Mapping[str, int] | None = None,
    left_out: Mapping[str, str] | None = None,
    sure_of_changes: bool = False,
) -> Tuning:
    """Return the candidates with their cross-fitted scores, and the advice.

    `current` are today's weights by pillar (any scale), None for equal ones; `folds` default to the files' or pbl's
    own. With `sure_of_changes` what a blend without a pillar changes has its interval too. Raises MetricError for a
    question that has no answer, its subclasses for numbers the metric refuses, and FitError if fitted weights fail
    their certificate.
    """
    folds = folds or folds_of_files(sheet)
    _check(sheet, metric, folds, negative=negative, trust=trust)
    if per_target:
        metrics.within_target(metric)  # refuses a metric file, before anything is fitted
    with fix_arithmetic():
        for k, name in enumerate(sheet.pillars):
            metrics.check_domain(sheet, metric, np.asarray(sheet.predictions[k]), name)
        if metric.function is not None:
            metrics.score(sheet, metric, sheet.predictions.mean(axis=0))  # a broken file is to fail here, and at once
        bench = make_bench(sheet, metric, folds, methods, current_method)
        plans = make_plans(bench, current, current_method, negative=negative, per_target=per_target)
        blends = np.array([plan.cross_fit(bench) for plan in plans])
        scores = [metrics.score(sheet, metric, blend) for blend in blends]
        means, base = baseline(sheet, metric, folds)
        drawn = _draw_resamples(bench, blends, scores, means if base is not None else None, base)
        candidates = _candidates(bench, plans, scores, fold_scores(sheet, metric, blends, folds), drawn)
        suspicious = suspects(sheet, metric, trust)
        tuned = next(k for k, plan in enumerate(plans) if plan.name == TUNED)
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
                FoldWeights(fold=name, weights=name_weights(sheet, weights))
                for name, weights in zip(folds.names, plans[tuned].by_fold, strict=True)
            ),
            leave_one_out=_leave_one_out(bench, blends[tuned], scores[tuned], sure=sure_of_changes),
            suspicious=suspicious,
            warnings=(
                *folds.warnings,
                *metrics.find_doubts(sheet, metric),
                *_warnings(bench, plans, base, left_out or {}),
                *groups_matter(sheet, blends[0]),
            ),
            advice=advise(
                [
                    Choice(name=p.name, method=p.method, weights=c.weights, place=k, as_given=c.as_given)
                    for k, (p, c) in enumerate(zip(plans, candidates, strict=True))
                ],
                drawn,
                baseline=None if base is None else len(plans),
                groups=len(sheet.groups),
                suspicious=suspicious,
            ),
            rows_left_out=dict(rows_left_out or {}),
            left_out=dict(left_out or {}),
        )


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


def _draw_resamples(
    bench: Bench, blends: Floats, scores: Sequence[float | None], means: Floats | None, base: float | None
) -> Resamples:
    """Return the resamples of all candidates, and of the baseline after them where it has a score."""
    together = blends if means is None else np.vstack([blends, means])
    whole = np.array([np.nan if each is None else each for each in [*scores, base][: len(together)]])
    scorer = make_scorer(bench.sheet, bench.metric)
    return resample(bench.sheet, scorer, together, whole, bench.metric.sign)


def _candidates(
    bench: Bench, plans: Sequence[Plan], scores: Sequence[float | None], by_fold: Floats, drawn: Resamples
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
                weights=plan.name_weights(bench.sheet),
                score=value,
                se=se,
                interval=None if value is None or reach is None else (value - reach, value + reach),
                fold_mean=mean,
                fold_sd=sd,
                in_sample=metrics.score(bench.sheet, bench.metric, plan.in_sample(bench)),
                gain_over_equal=drawn.gain(k, 0),
                gain_over_current=drawn.gain(k, 1),
                as_given=plan.name == CURRENT and not plan.fitted_as and not np.array_equal(plan.whole, plans[0].whole),
            )
        )
    return tuple(found)


def _leave_one_out(bench: Bench, blend: Floats, tuned: float | None, *, sure: bool) -> tuple[LeftOut, ...]:
    others = np.array([fit_without(bench, k) for k in range(len(bench.sheet.pillars))])
    scores = [metrics.score(bench.sheet, bench.metric, each) for each in others]
    drawn = _draw_resamples(bench, np.vstack([blend, others]), [tuned, *scores], None, None) if sure else None
    found = []
    for k, pillar in enumerate(bench.sheet.pillars):
        value = scores[k]
        change = None if value is None or tuned is None else bench.metric.sign * (value - tuned)
        gain = None if drawn is None else drawn.gain(k + 1, 0)
        found.append(
            LeftOut(pillar=pillar, score=value, change=change, interval=None if gain is None else gain.interval)
        )
    return tuple(found)


def _warnings(
    bench: Bench, plans: Sequence[Plan], base: float | None, left_out: Mapping[str, str]
) -> tuple[Warned, ...]:
    found = []
    for fitted in (each.fitted_as for each in plans if each.fitted_as):
        said = f"the current weights are as those of {fitted}, a fit on these rows, so they are scored as {fitted} is"
        found.append(Warned(code="current-fitted", message=said))
    if len(bench.sheet.groups) < FEWEST_GROUPS:
        said = f"{len(bench.sheet.groups)} groups are too few to tell a gain from noise: equal weights are advised"
        found.append(Warned(code="few-groups", message=said))
    if any(each.sampled for each in bench.fitters.values()):
        said = "the weights were searched on a fixed sample of whole groups of about 5,000 rows; scores are of all rows"
        found.append(Warned(code="rows-sampled", message=said))
    if left_out:
        said = "; ".join(f"{name}: {reason}" for name, reason in left_out.items())
        found.append(Warned(code="left-out", message=f"these pillars take no part: {said}"))
    if base is None:
        said = "the metric refuses a prediction of means: whether a blend says anything was not tested"
        found.append(Warned(code="baseline-undefined", message=said))
    return tuple(found)
