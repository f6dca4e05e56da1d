"""Score and tune out-of-fold files: turn arguments and `pbl.toml` into a sheet, a metric and folds.

The functions behind `pbl score`, `pbl tune` and `pbl compare --truth`; `score`, `tune` and `compare_oof` do the same on
arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.blending.plan import plan_blend
from pbl.domain.errors import DataError, InputError, UsageError
from pbl.domain.extras import require_pandas
from pbl.domain.limits import Limits
from pbl.domain.pillars import TABLE
from pbl.domain.progress import Progress
from pbl.domain.weights import weigh
from pbl.weights import metrics
from pbl.weights._methods import METHODS
from pbl.weights._metric_file import load_metric
from pbl.weights._truth import Wanted
from pbl.weights.compare_oof import compare_oof
from pbl.weights.errors import MetricError
from pbl.weights.folds import folds_of_files, named_folds, own_folds
from pbl.weights.oof import read_folds, read_oof
from pbl.weights.score import score
from pbl.weights.tune import tune

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.report import Report
    from pbl.domain.settings import Settings
    from pbl.project.oof_files import OofSelection
    from pbl.weights._methods import Method
    from pbl.weights.comparison import Comparison
    from pbl.weights.folds import Folds
    from pbl.weights.metrics import Average, Metric
    from pbl.weights.score import Scores
    from pbl.weights.sheet import Sheet
    from pbl.weights.tuning import Tuning

FEWEST_PILLARS = 2


@dataclass(frozen=True, kw_only=True)
class Question:
    """How to judge; None means as `pbl.toml` says, else the default."""

    metric: str | None = None
    average: Average | None = None
    greater_is_better: bool | None = None
    common_rows: bool = False


def score_files(
    chosen: OofSelection,
    question: Question,
    *,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    method: str | None = None,
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> tuple[Scores, Report]:
    """Return the scores of the files, and of their blend if weights are given, and what the checks say of the files.

    Raises what `read_oof` and `score` do.
    """
    settings = chosen.selection.settings
    if method is not None and weights is None:
        raise UsageError("--method is a blend's: give --weights too")
    way = method_named(method or settings.method or "mean")
    blended = None if weights is None else weights_by_name(chosen, weights)
    judge = Judge.of(question, settings)
    read = read_oof(
        chosen, judge.wanted(), common_rows=question.common_rows, spill=spill, limits=limits, progress=progress
    )
    metric = judge.metric(read.sheet)
    found = score(
        read.sheet, metric, files=chosen.file_names, weights=blended, method=way, rows_left_out=read.rows_left_out
    )
    return replace(found, greater_is_better=judge.direction(metric)), read.report


def tune_files(
    chosen: OofSelection,
    question: Question,
    *,
    groups: Sequence[str] = (),
    folds: Path | None = None,
    methods: Sequence[str] = (),
    negative: bool = False,
    per_target: bool = False,
    trust: Sequence[str] = (),
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> tuple[Tuning, Report]:
    """Return the candidates and the advice for the files, and what the checks say of the files.

    `groups` are columns of the truth, `folds` a file. Raises what `read_oof` and `tune` do, and UsageError for fewer
    than two files.
    """
    selection, settings = chosen.selection, chosen.selection.settings
    if groups and folds is not None:
        raise UsageError("--groups and --folds both say what belongs together; give one of them")
    if len(selection.pillars) < FEWEST_PILLARS:
        told = "".join(f"; {name} has none: {reason}" for name, reason in chosen.left_out.items())
        raise UsageError(f"tune wants two pillars with out-of-fold files or more, found {len(selection.pillars)}{told}")
    unknown = next((name for name in trust if name not in selection.names), None)
    if unknown is not None:
        raise UsageError(f"--trust: there is no pillar {unknown!r}; there are {', '.join(selection.names)}")
    ways = [method_named(each) for each in methods]
    judge = Judge.of(question, settings)
    if judge.path is not None and judge.greater is None:
        raise UsageError(f"{judge.path}: say which scores are better: --greater-is-better or --lower-is-better")
    wanted = replace(judge.wanted(), groups=tuple(groups) or settings.metric.groups, others=True)
    named = None if folds is None else read_folds(folds, selection.contract, spill=spill, limits=limits)
    read = read_oof(chosen, wanted, common_rows=question.common_rows, spill=spill, limits=limits, progress=progress)
    progress.stage("fitting and judging the weights", lambda: 0.0)
    found = tune(
        read.sheet,
        judge.metric(read.sheet),
        folds_for(read.sheet, folds, named, grouped=bool(wanted.groups)),
        current=current_weights(chosen),
        current_method=method_named(settings.method or "mean"),
        methods=ways,
        negative=negative,
        per_target=per_target,
        trust=trust,
        rows_left_out=read.rows_left_out,
        left_out=chosen.left_out,
    )
    return found, read.report


def compare_files(
    chosen: OofSelection,
    question: Question,
    *,
    top: int,
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> tuple[Comparison, Report]:
    """Return how the files differ and how good each is, and what the checks say of the files.

    The blend is today's. Raises what `read_oof` and `compare_oof` do.
    """
    selection = chosen.selection
    plan = plan_blend(selection, weights=current_weights(chosen) or [1.0] * len(selection.pillars))
    judge = Judge.of(question, selection.settings)
    read = read_oof(
        chosen, judge.wanted(), common_rows=question.common_rows, spill=spill, limits=limits, progress=progress
    )
    metric = judge.metric(read.sheet)
    found = compare_oof(read.sheet, metric, plan, read.report, spill=spill, top=top, limits=limits)
    return replace(found, left_out=chosen.left_out), read.report


@dataclass(frozen=True, kw_only=True)
class Judge:
    """The metric that is meant: a name, or a file at `path` and its text."""

    name: str | None
    path: Path | None
    text: str
    average: Average | None
    greater: bool | None
    settings: Settings

    @classmethod
    def of(cls, question: Question, settings: Settings) -> Judge:
        """Find the metric; raise UsageError or InputError if there is none of that name."""
        own = settings.metric
        name = question.metric or own.name
        greater = question.greater_is_better
        if greater is None and name == own.name:
            greater = own.greater_is_better
        path, text = None, ""
        if name is not None and name.endswith(".py"):
            base = Path() if question.metric or settings.path is None else settings.path.parent
            path = base / name
            text = _read(path)
            require_pandas(f"the metric file {path}")
            if question.average is not None:
                raise UsageError("--average: a metric file averages as it likes; leave the flag out")
        elif name is not None:
            metrics.check_name(name)
        average = question.average or own.average
        return cls(name=name, path=path, text=text, average=average, greater=greater, settings=settings)

    def wanted(self) -> Wanted:
        """Return the columns of the truth that it needs."""
        columns = self.settings.metric.columns if self.path is not None else ()
        return Wanted(label=self.settings.metric.label, columns=columns)

    def metric(self, sheet: Sheet) -> Metric:
        """Return the metric for these target names."""
        if self.path is not None:
            function = load_metric(self.text, str(self.path))
            columns = self.settings.metric.columns
            return metrics.file_metric(
                self.path.name, function, greater_is_better=self.greater is not False, columns=columns
            )
        weights, average = self.settings.metric.weights, self.average or "rows"
        metric = metrics.make_metric(self.name, sheet.names, average=average, weights=weights)
        if self.greater is not None and self.greater is not metric.greater_is_better:
            better = "higher" if metric.greater_is_better else "lower"
            raise UsageError(
                f"of {metric.name} the {better} score is better; leave out what says otherwise: a flag, or "
                "greater_is_better under [metric] in pbl.toml"
            )
        return metric

    def direction(self, metric: Metric) -> bool | None:
        """Return whether the greater score is better, None if nobody said so of a file."""
        return metric.greater_is_better if self.path is None else self.greater


def _read(path: Path) -> str:
    try:
        return path.read_bytes().decode("utf-8-sig")
    except OSError as error:
        raise InputError(f"{path}: the metric file cannot be read: {error.strerror}") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{path}: the metric file is not UTF-8") from error


def method_named(text: str) -> Method:
    """Return the method of that name; raise UsageError for an unknown one."""
    found = next((method for method in METHODS if method == text), None)
    if found is None:
        raise UsageError(f"unknown method {text!r}: give one of {', '.join(METHODS)}")
    return found


def weights_by_name(chosen: OofSelection, weights: Sequence[float] | Mapping[str, float]) -> dict[str, float]:
    """Return the weight of each pillar that weights in pillar order, or by name, are for."""
    selection, weighing = weigh(chosen.selection, weights)
    return dict(zip(selection.names, weighing.weights, strict=True))


def current_weights(chosen: OofSelection) -> dict[str, float] | None:
    """Return today's weights: those of `pbl.toml` if not all are 0, else of the table if the pillars are its four.

    None stands for equal ones.
    """
    names = chosen.selection.names
    said = {entry.name: entry.weight for entry in chosen.selection.settings.pillars if entry.weight is not None}
    if all(name in said for name in names):
        return {name: said[name] for name in names} if sum(said[name] for name in names) > 0 else None
    if not said and set(names) == set(TABLE):
        return {name: TABLE[name].weight for name in names}
    return None


def folds_for(sheet: Sheet, path: Path | None, named: Mapping[str, str] | None, *, grouped: bool) -> Folds:
    """Return the folds of a file, of pbl's own if rows are grouped, else of the out-of-fold files."""
    if named is not None:
        try:
            return named_folds(sheet, named)
        except MetricError as error:
            raise DataError(f"{path}: {error}") from error
    return own_folds(sheet) if grouped else folds_of_files(sheet)
