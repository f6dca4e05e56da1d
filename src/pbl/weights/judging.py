"""Judge out-of-fold files from one reading: scores, tuning, how sure each score is, and where the blend errs.

Stands beside `score_files` and `tune_files`, whose numbers it gives; the report draws them.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.weights._arithmetic import fix_arithmetic
from pbl.weights._resample import resample
from pbl.weights._scorers import make_scorer
from pbl.weights.errors import MetricDomainError, MetricError, MetricFileError, ParticipantVisible
from pbl.weights.from_files import FEWEST_PILLARS, Judge, current_weights, folds_for, method_named
from pbl.weights.grouping import FEWEST_GROUPS
from pbl.weights.oof import read_oof
from pbl.weights.residual_tenths import find_tenths
from pbl.weights.score import score
from pbl.weights.tune import tune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pbl.domain.report import Report
    from pbl.project.oof_files import OofSelection
    from pbl.weights._resample import Interval
    from pbl.weights.from_files import Question
    from pbl.weights.metrics import Metric
    from pbl.weights.residual_tenths import Tenths
    from pbl.weights.score import Scores
    from pbl.weights.sheet import Sheet
    from pbl.weights.tuning import Tuning


@dataclass(frozen=True, kw_only=True)
class Judged:
    """What out-of-fold files support; `tuning` is None where tune has no answer, and `untuned` says why."""

    report: Report
    scores: Scores
    groups: int
    intervals: Mapping[str, Interval | None] = field(default_factory=dict)
    """Of each pillar's score; none under 20 groups."""
    tuning: Tuning | None = None
    untuned: str = ""
    tenths: Tenths | None = None
    """Of today's blend."""


def judge_files(
    chosen: OofSelection,
    question: Question,
    *,
    groups: Sequence[str] = (),
    current: Mapping[str, float] | None = None,
    method: str | None = None,
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Judged:
    """Judge the files; `current` are today's weights by pillar and `method` how they blend, else as `tune` takes them.

    Raises what `read_oof` and `score` do; an error of `tune` alone is in `untuned`.
    """
    settings = chosen.selection.settings
    judge = Judge.of(question, settings)
    way = method_named(method or settings.method or "mean")
    wanted = replace(judge.wanted(), groups=tuple(groups) or settings.metric.groups, others=True)
    read = read_oof(chosen, wanted, common_rows=question.common_rows, spill=spill, limits=limits, progress=progress)
    sheet, metric = read.sheet, judge.metric(read.sheet)
    progress.stage("fitting and judging the weights", lambda: 0.0)
    found = score(sheet, metric, files=chosen.file_names, rows_left_out=read.rows_left_out)
    scores = replace(found, greater_is_better=judge.direction(metric))
    weights = current_weights(chosen) if current is None else current
    tuning, untuned = None, ""
    try:
        _refuse_untunable(sheet, scores)
        folds = folds_for(sheet, None, None, grouped=bool(wanted.groups))
        tuning = tune(
            sheet,
            metric,
            folds,
            current=weights,
            current_method=way,
            rows_left_out=read.rows_left_out,
            left_out=chosen.left_out,
            sure_of_changes=True,
        )
    except (MetricDomainError, MetricFileError, ParticipantVisible):
        raise
    except MetricError as error:
        untuned = str(error)
    return Judged(
        report=read.report,
        scores=scores,
        groups=len(sheet.groups),
        intervals=_intervals(sheet, metric, scores) if len(sheet.groups) >= FEWEST_GROUPS else {},
        tuning=tuning,
        untuned=untuned,
        tenths=find_tenths(sheet, weights, way, sure=len(sheet.groups) >= FEWEST_GROUPS),
    )


def _refuse_untunable(sheet: Sheet, scores: Scores) -> None:
    if len(sheet.pillars) < FEWEST_PILLARS:
        raise MetricError("weights are tuned for two pillars with out-of-fold files or more")
    if scores.greater_is_better is None:
        raise MetricError("nobody said which scores of the metric file are better")


def _intervals(sheet: Sheet, metric: Metric, scores: Scores) -> dict[str, Interval | None]:
    """Return the interval of each pillar's score, as `tune` makes those of its candidates."""
    values = {each.pillar: each.score for each in scores.scores}
    whole = np.array([np.nan if values[name] is None else values[name] for name in sheet.pillars], dtype=np.float64)
    found: dict[str, Interval | None] = {}
    with fix_arithmetic():
        drawn = resample(sheet, make_scorer(sheet, metric), np.asarray(sheet.predictions), whole, metric.sign)
        for k, name in enumerate(sheet.pillars):
            value, se = values[name], drawn.se(k)
            reach = None if se is None else se * drawn.quantile
            found[name] = None if value is None or reach is None else (value - reach, value + reach)
    return found
