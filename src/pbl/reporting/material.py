"""Gather the material of a report once: the check, the comparison, the judgement, the runs.

Each comes from the function behind its own command; the sections show it and judge nothing.
"""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.blending.plan import plan_blend
from pbl.checks.validate import validate
from pbl.domain.errors import FindingsError, UsageError
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.domain.settings import MetricSettings
from pbl.ledger.run_list import list_runs
from pbl.project.oof_files import OOF
from pbl.reporting.shape import find_shape
from pbl.storage.files import read_bytes
from pbl.weights.compare import open_comparison

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.blending.plan import Plan
    from pbl.domain.pillars import Selection
    from pbl.domain.report import FileReport, Report
    from pbl.ledger.run_list import RunList
    from pbl.project.oof_files import OofSelection
    from pbl.reporting.shape import Shape
    from pbl.weights.comparison import Comparison
    from pbl.weights.judging import Judged

NUMBERS = frozenset({"verdict", "blend", "predictions", "correlation", "disagreements", "clipping", "leave_one_out"})
JUDGED = frozenset({"verdict", "scores", "folds", "leave_one_out", "residuals"})
RUNS = frozenset({"verdict", "history", "runs"})
"""The sections that need the pillars' numbers, the out-of-fold files, the logs."""
_NO_OOF = "pbl report FOLDER --truth train.csv, with oof_<pillar>.csv in the folder"


@dataclass(frozen=True, kw_only=True)
class Asked:
    """The request for a report; `selection` is None if no pillar was found."""

    selection: Selection | None
    weights: Sequence[float] | Mapping[str, float] | None = None
    oof: OofSelection | None = None
    unjudged: str = "no truth is named"
    """Why there is no `oof`."""
    metric: str | None = None
    groups: tuple[str, ...] = ()
    logs: Path
    settings: MetricSettings = MetricSettings()
    only: frozenset[str] = frozenset()
    """The sections that are wanted; all if empty."""
    top: int = 10
    title: str = ""
    version: str = ""

    def wants(self, sections: frozenset[str]) -> bool:
        """Say whether any of some sections is wanted."""
        return not self.only or bool(self.only & sections)


@dataclass(frozen=True, kw_only=True)
class Material:
    """The material; a part is None if it was not there, or not wanted."""

    asked: Asked
    plan: Plan | None = None
    report: Report | None = None
    comparison: Comparison | None = None
    shape: Shape | None = None
    judged: Judged | None = None
    lacking: tuple[str, ...] = ()
    """The pillars that have a share of the blend and no out-of-fold predictions: without them it can't be scored."""
    unjudged: str = ""
    hint: str = _NO_OOF
    runs: RunList | None = None

    @property
    def failed(self) -> bool:
        """Say whether a check found an error; then nothing is drawn."""
        return self.report is not None and bool(self.report.errors())

    @property
    def names(self) -> tuple[str, ...]:
        """Return the pillars in order."""
        return self.plan.selection.names if self.plan else ()

    def inputs(self) -> tuple[tuple[str, str], ...]:
        """Return every input's name and hash, in the order of the names."""
        found: set[tuple[str, str]] = set()
        for report in (self.report, self.judged.report if self.judged else None):
            files: list[FileReport] = [*report.files, *([report.template] if report.template else [])] if report else []
            found |= {(Path(file.path).name, file.sha256) for file in files if file.sha256}
        selection = self.asked.selection
        more = [selection.settings.path] if selection and selection.settings.path else []
        if self.runs:
            more += sorted({run.base.file for run in self.runs.runs})
        if self.asked.metric and self.asked.metric.endswith(".py"):
            more.append(Path(self.asked.metric))
        for path in more:
            found.add((path.name, hashlib.sha256(read_bytes(path)).hexdigest()))
        return tuple(sorted(found))


def gather(asked: Asked, *, spill: Path, limits: Limits = Limits(), progress: Progress = Progress()) -> Material:
    """Gather what the wanted sections need.

    Findings are in the material. Raises UsageError if there are neither pillars nor runs, and the errors of the
    functions that it calls.
    """
    runs = list_runs(asked.logs, spill=spill, metric=asked.settings) if asked.wants(RUNS) else None
    if asked.selection is None and not (runs and runs.runs):
        raise UsageError("nothing to report: no pillars were named or found, and no run is logged")
    made = Material(asked=asked, runs=runs)
    if asked.selection is None:
        return Material(asked=asked, runs=runs, unjudged="no pillars are named", hint=_NO_OOF)
    plan = plan_blend(asked.selection, weights=asked.weights)
    try:
        if asked.wants(NUMBERS):
            with open_comparison(plan, spill=spill, top=asked.top, limits=limits, progress=progress) as compared:
                made = Material(
                    asked=asked,
                    plan=plan,
                    report=compared.report,
                    comparison=compared.found,
                    shape=find_shape(compared, asked.top),
                    runs=runs,
                )
        else:
            report = validate(plan.selection, spill=spill, limits=limits, progress=progress)
            made = Material(asked=asked, plan=plan, report=report, runs=runs)
        return made if made.failed else _judge(made, plan, spill=spill, limits=limits, progress=progress)
    except FindingsError as error:
        return Material(asked=asked, plan=plan, report=error.report, runs=runs)


def _judge(made: Material, plan: Plan, *, spill: Path, limits: Limits, progress: Progress) -> Material:
    """Return the material with the judgement of the out-of-fold files, or why there is none."""
    from pbl.domain.extras import require_extra

    asked = made.asked
    if asked.oof is None or not asked.wants(JUDGED):
        return replace(made, unjudged=asked.unjudged)
    try:
        require_extra("tune", "scoring out-of-fold files")
    except UsageError as error:
        why, _, hint = str(error).partition(": ")
        return replace(made, unjudged=why, hint=hint)
    from pbl.weights.errors import MetricDomainError, ParticipantVisible
    from pbl.weights.from_files import Question
    from pbl.weights.judging import judge_files

    shares = dict(zip(plan.selection.names, plan.weighing.shares, strict=True))
    lacking = tuple(name for name in shares if shares[name] > 0 and name not in asked.oof.selection.names)
    without = {name: f"no {OOF}{name}.csv" for name in lacking} | dict(asked.oof.left_out)
    given = None
    if asked.weights is not None:
        given = {name: shares.get(name, 0.0) for name in asked.oof.selection.names}
        if not sum(given.values()) > 0:
            return replace(made, unjudged="none of the weighted pillars has out-of-fold predictions")
    try:
        judged = judge_files(
            replace(asked.oof, left_out=without),
            Question(metric=asked.metric),
            groups=asked.groups,
            current=given,
            spill=spill,
            limits=limits,
            progress=progress,
        )
    except (MetricDomainError, ParticipantVisible) as error:
        return replace(made, unjudged=str(error), hint="another --metric")
    return replace(made, judged=judged, lacking=lacking)
