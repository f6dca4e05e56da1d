"""Warnings about a blend that are no finding of one file: ranks that mean little, sums that no longer hold.

`_submission` makes them when everything is written; the terminal and the JSON show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.checks.wording import PLACEHOLDER_ROWS, PLACEHOLDER_SAMPLES
from pbl.domain.method import Method
from pbl.domain.warned import Warned
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pbl.blending.formula import Summary
    from pbl.blending.plan import Plan
    from pbl.blending.residuals import Residuals
    from pbl.blending.whole_columns import Completed

FEWEST = 100
"""Rows of a target name under which ranks are coarse."""
_OF_ORDER = ("auc",)
"""Metrics that depend on the order of predictions only; a metric file may be another."""
_SUM_OFF = 1e-9
_CAUSES = {
    "clip": "the clip",
    "method": "the method: only mean keeps sums",
    "per-target-weights": "the weights of [per_target]",
}


def blend_warnings(
    plan: Plan, summary: Summary, whole: Completed | None, residuals: Sequence[Residuals]
) -> Iterator[Warned]:
    """Yield the warnings of a blend that was written."""
    if plan.method is Method.RANK and whole:
        yield from _of_ranks(plan, summary, whole)
    if plan.method is Method.LOGIT and summary.held:
        yield Warned(
            code="held-probabilities",
            message=f"logit held {plural(summary.held, 'prediction')} to 1e-15 and 1 - 1e-15",
        )
    if summary.summed and summary.off > _SUM_OFF:
        yield Warned(
            code="class-sums",
            message=f"the classes of {plural(summary.summed, 'row')} sum to 1 in every pillar, and in the blend they "
            f"miss it by {summary.off:.3g} at most: only mean keeps sums, and pbl doesn't renormalise",
        )
    if plan.constraints and plan.method is not Method.MEAN and not plan.reconcile:
        yield Warned(
            code="method-and-constraints",
            message=f"pbl.toml has [[constraints]], and {plan.method} keeps no sums; mean does, or --reconcile",
        )
    for each in residuals:
        if each.cause in _CAUSES:
            yield Warned(
                code="constraint-broken",
                message=f"{each.constraint.total} is not the sum of {', '.join(each.constraint.parts)} in "
                f"{plural(each.blend.broken, 'sample')}, by {each.blend.max_abs:.3g} at most: broken by "
                f"{_CAUSES[each.cause]}; --reconcile mends it",
            )


def _of_ranks(plan: Plan, summary: Summary, whole: Completed) -> Iterator[Warned]:
    metric = plan.selection.settings.metric.name
    if metric is not None and metric not in _OF_ORDER and not metric.endswith(".py"):
        yield Warned(
            code="rank-and-metric",
            message=f"rank gives ranks from 0 to 1, and {metric} asks for numbers of the target's scale",
        )
    if summary.rows <= PLACEHOLDER_ROWS or whole.samples <= PLACEHOLDER_SAMPLES:
        yield Warned(
            code="placeholder-ids",
            message=f"there are {plural(summary.rows, 'row')} of {plural(whole.samples, 'sample')} only; if they are "
            "the placeholder of a hidden test set, their ranks mean nothing",
        )
    elif whole.fewest < FEWEST:
        yield Warned(
            code="few-rows",
            message=f"a target name has {plural(whole.fewest, 'row')} only, and ranks are taken within each",
        )
