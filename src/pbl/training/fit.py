"""Fit a pillar: out-of-fold predictions and scores of its learners and their stack, then all of it on all samples.

The function behind `pbl fit`, on values: features and the truth's sheet come from their readers, the result goes to
the terminal and, as bytes, to the writer. Every score is of rows that were not fitted on.
"""

from __future__ import annotations

import platform
from itertools import count
from typing import TYPE_CHECKING

import numpy as np

from pbl._version import __version__
from pbl.domain.errors import UsageError
from pbl.domain.progress import Progress
from pbl.domain.warned import Warned
from pbl.domain.wording import plural
from pbl.training._cross_fit import (
    Work,
    error_scale,
    find_scaling,
    fit_learner,
    other_means,
    out_of_fold,
    stack_folds,
    stack_weights,
)
from pbl.training._targets import arrange, find_task
from pbl.training._threads import quiet_threads
from pbl.training.fitted import Fitted, Learner
from pbl.training.fitting import BASELINE, STACK, Fitting, ModelScore, OutOfFold
from pbl.training.learners import choose_learners
from pbl.weights import metrics
from pbl.weights.cross_fit import UNSTEADY, fold_scores, mean_and_sd
from pbl.weights.errors import MetricDomainError
from pbl.weights.grouping import FEWEST_GROUPS, groups_matter

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from pbl.training._targets import Targets
    from pbl.training.features import Features
    from pbl.training.fitted import Task
    from pbl.weights.folds import Folds
    from pbl.weights.metrics import Metric
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

FOLDS = 5


def fit(
    features: Features,
    sheet: Sheet,
    folds: Folds,
    metric: Metric,
    *,
    pillar: str,
    truth: Path,
    task: Task | None = None,
    learners: Sequence[str] | None = None,
    seed: int = 0,
    threads: int = 1,
    progress: Progress = Progress(),
) -> Fitting:
    """Return the fitted pillar with its out-of-fold predictions and scores.

    `features` are those of `needed_samples`; `sheet` is the truth without pillars; `task` None means what the targets
    are. Raises FindingsError for what is wrong with the truth or the folds, UsageError, and FitError and MetricError of
    the weights and the metric.
    """
    goal = arrange(sheet, folds, truth)
    _check(features, goal, folds)
    task = _settle_task(goal, task)
    chosen = choose_learners(task, learners)
    work = Work(x=np.ascontiguousarray(features.values), goal=goal, task=task, seed=seed)
    done, steps = count(1), (len(folds.names) + 1) * len(chosen)

    def advance() -> None:
        part = next(done) / steps
        progress.stage(f"fitting {plural(len(chosen), 'learner')}", lambda: part)

    with quiet_threads(threads):
        predictions = out_of_fold(work, chosen, advance)
        scale = error_scale(sheet, metric, goal)
        stack = stack_folds(work, predictions, scale)
        weights = stack_weights(work, predictions, scale)
        scaling, rows = find_scaling(work.x), np.arange(len(work.x))
        fitted = Fitted(
            pillar=pillar,
            task=task,
            form=goal.form,
            targets=goal.names,
            sources=features.sources,
            scaling=scaling,
            learners=tuple(
                Learner(name=name, weight=float(w), map=fit_learner(work, name, scaling, rows))
                for name, w in zip(chosen, weights, strict=True)
            ),
            versions=_versions(),
        )
        models = [
            ModelScore(model=name, score=_score(sheet, metric, goal, one), weight=float(w))
            for name, one, w in zip(chosen, predictions, weights, strict=True)
        ]
        numbers = goal.rows(stack)
        metrics.check_domain(sheet, metric, numbers, "the stack")
        models.append(
            ModelScore(
                model=STACK,
                score=metrics.score(sheet, metric, numbers),
                fold_sd=mean_and_sd(fold_scores(sheet, metric, numbers[None], folds)[:, 0])[1],
            )
        )
        baseline = _baseline(sheet, metric, goal)
        return Fitting(
            fitted=fitted,
            metric=metric.name,
            greater_is_better=metric.greater_is_better,
            rows=sheet.rows,
            grouped_by=sheet.grouped_by,
            groups=len(sheet.groups),
            folds=len(folds.names),
            samples=len(goal.samples),
            baseline=ModelScore(model=BASELINE, score=baseline),
            models=tuple(models),
            oof=OutOfFold(
                id_name=sheet.id_name,
                columns=sheet.columns,
                ids=tuple(map(str, sheet.ids)),
                values=numbers.reshape(-1, sheet.width),
                folds=tuple(folds.names[f] for f in sheet.by_id(folds.row)),
            ),
            warnings=(
                *folds.warnings,
                *_warnings(sheet, metric, models, baseline),
                *groups_matter(sheet, numbers),
            ),
        )


def needed_samples(sheet: Sheet, folds: Folds, truth: Path) -> tuple[str, ...]:
    """Return the samples whose features `fit` needs, in its order; raises as `fit` does."""
    return arrange(sheet, folds, truth).samples


def _check(features: Features, goal: Targets, folds: Folds) -> None:
    if features.samples != goal.samples:
        raise ValueError("features of other samples than the truth's, or in another order")
    if len(folds.names) < 2:  # noqa: PLR2004 - one fold leaves no rows to fit on
        raise UsageError("fit wants two folds or more: every score is of rows that were not fitted on")
    leaking = [c.name for source in features.sources for c in source.columns if c.name in goal.names]
    if leaking:
        raise UsageError(f"the features have the target {leaking[0]!r} as a column: leave it out")


def _settle_task(goal: Targets, task: Task | None) -> Task:
    """Return the task, once the targets are seen to fit it."""
    found = find_task(goal.values)
    if task == "multiclass" and found != "multiclass":
        raise UsageError("--task multiclass: each sample must have 1 in one target and 0 in the others")
    if task == "binary" and found == "regression":
        raise UsageError("--task binary: the targets aren't all 0 or 1")
    return task or found


def _score(sheet: Sheet, metric: Metric, goal: Targets, table: Floats) -> float | None:
    """Return a score, None where the metric refuses the numbers, as rmsle does negative ones."""
    numbers = goal.rows(table)
    try:
        metrics.check_domain(sheet, metric, numbers, "it")
    except MetricDomainError:
        return None
    return metrics.score(sheet, metric, numbers)


def _baseline(sheet: Sheet, metric: Metric, goal: Targets) -> float | None:
    """Return the score of the other folds' means; of all means, if better, where folds' means could mislead."""
    found = [_score(sheet, metric, goal, other_means(goal))]
    if metric.name in UNSTEADY or metric.function is not None:
        found.append(_score(sheet, metric, goal, np.tile(goal.values.mean(axis=0), (len(goal.samples), 1))))
    defined = [each for each in found if each is not None]
    return max(defined, key=lambda each: metric.sign * each) if defined else None


def _warnings(sheet: Sheet, metric: Metric, models: Sequence[ModelScore], baseline: float | None) -> list[Warned]:
    found, score = [], models[-1].score
    if len(sheet.groups) < FEWEST_GROUPS:
        said = f"{len(sheet.groups)} groups are too few to tell skill from noise"
        found.append(Warned(code="few-groups", message=said))
    if score is not None and baseline is not None and metric.sign * (score - baseline) <= 0:
        said = f"the stack ({score:.4g}) is no better than predicting the means ({baseline:.4g}): it has no skill"
        found.append(Warned(code="no-skill", message=said))
    learners = [(metric.sign * each.score, each) for each in models[:-1] if each.score is not None]
    merit, best = max(learners, key=lambda each: each[0], default=(0.0, models[-1]))
    if score is not None and len(learners) > 1 and merit > metric.sign * score:
        said = f"{best.model} alone scores better than the stack ({best.score:.4g} against {score:.4g})"
        found.append(Warned(code="stack-below", message=f"{said}; --learners {best.model} fits it alone"))
    return found


def _versions() -> dict[str, str]:
    import sklearn

    return {
        "numpy": np.__version__,
        "pbl": __version__,
        "python": platform.python_version(),
        "scikit-learn": sklearn.__version__,
    }
