"""What `import pbl` offers: the commands as functions that print nothing and return frozen results."""

from __future__ import annotations

import math
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Any, Literal, TypeAlias

from pbl.blending.blend import blend as _blend
from pbl.blending.plan import default_output, plan_blend
from pbl.blending.replay import replay
from pbl.checks.validate import validate as _validate
from pbl.domain.errors import UsageError
from pbl.domain.extras import require_extra
from pbl.domain.limits import Limits, parse_memory
from pbl.domain.provenance import Provenance
from pbl.domain.rules import Severity
from pbl.domain.weights import named_by, parse_weights
from pbl.ledger.log_run import Scores, Surroundings
from pbl.ledger.log_run import log_run as _log_run
from pbl.ledger.run import SORTED_BY
from pbl.ledger.run_list import list_runs
from pbl.project.find_toml import find_settings
from pbl.project.frames import frames_as_files, is_frame
from pbl.project.oof_files import select_oof
from pbl.project.pillar_files import select_pillars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from pbl.domain.pillars import Selection
    from pbl.domain.recipe import Recipe
    from pbl.domain.report import Report
    from pbl.ledger.log_run import Logged
    from pbl.ledger.run import Order
    from pbl.ledger.run_list import RunList
    from pbl.project.oof_files import OofSelection
    from pbl.weights.comparison import Comparison
    from pbl.weights.metrics import Average
    from pbl.weights.score import Scores as ScoreTable
    from pbl.weights.tuning import Tuning

    AnyPath = str | PathLike[str]
    Frame: TypeAlias = Any  # polars' or pandas' DataFrame; pbl imports neither for its types


def validate(
    *paths: AnyPath | Sequence[AnyPath],
    pillars: Mapping[str, AnyPath | Frame] | None = None,
    template: AnyPath | None = None,
    max_examples: int | None = 5,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: AnyPath | None = None,
) -> Report:
    """Check prediction files as `pbl validate` does, and return the report; bad data is in it, not an exception.

    `paths` are folders or files, one by one or in a list; `pillars` are files, or polars or pandas frames, by name.
    Rows are counted as a spreadsheet does: the header is row 1, a frame's first row is row 2. Raises PblError where the
    check can't be made.
    """
    limits = _limits(threads, memory_limit, temp_dir)
    spill = Path(gettempdir())
    with frames_as_files(pillars or {}, spill=limits.temp_dir or spill) as handed:
        chosen = handed.mark(_select(paths, handed.paths, template))
        report = _validate(chosen, spill=spill, limits=limits, max_examples=max_examples)
    return handed.hide_paths(report)


def blend(
    *paths: AnyPath | Sequence[AnyPath],
    pillars: Mapping[str, AnyPath | Frame] | None = None,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    clip_min: float | None = None,
    clip_max: float | None = None,
    raw_weights: bool = False,
    negative: bool = False,
    method: str | None = None,
    reconcile: bool = False,
    per_target: bool = False,
    template: AnyPath | None = None,
    output: AnyPath | None = None,
    force: bool = False,
    fail_on: Literal["error", "warning"] = "error",
    dry_run: bool = False,
    recipe: AnyPath | None = None,
    inputs: AnyPath | None = None,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: AnyPath | None = None,
) -> Recipe:
    """Blend as `pbl blend` does, write the submission with its recipe beside it, and return the recipe.

    `paths` and `pillars` are those of `validate`; the recipe of a frame has its digest and no path, so it can't be made
    again. A dry run writes nothing. With `recipe`, that recipe's submission is made again, and only `output`, `inputs`,
    `force` and `dry_run` go with it. Raises FindingsError, which has the report, if a check finds something as bad as
    `fail_on`, and PblError where the blend can't be made.
    """
    limits = _limits(threads, memory_limit, temp_dir)
    severity = _severity(fail_on)
    to = None if output is None else Path(output)
    if recipe is not None:
        others = (weights, template, clip_min, clip_max, method)
        flags = (raw_weights, negative, reconcile, per_target, severity is not Severity.ERROR)
        if paths or pillars or any(flags) or any(other is not None for other in others):
            raise UsageError("recipe has its own pillars, weights, method, clips and template")
        path = Path(recipe)
        folder = None if inputs is None else Path(inputs)
        return replay(
            path,
            provenance=_provenance(),
            spill=path.parent,
            output=to,
            inputs=folder,
            force=force,
            dry_run=dry_run,
            limits=limits,
        ).recipe
    if inputs is not None:
        raise UsageError("inputs goes with recipe")
    with frames_as_files(pillars or {}, spill=limits.temp_dir or Path(gettempdir())) as handed:
        selection = handed.mark(_select(paths, handed.paths, template, wanted=_wanted(weights)))
        plan = plan_blend(
            selection,
            weights=_weights(weights, selection),
            raw_weights=raw_weights,
            negative=negative,
            method=method,
            reconcile=reconcile,
            per_target=per_target,
            clip_min=None if clip_min is None else _real(clip_min, "clip_min"),
            clip_max=None if clip_max is None else _real(clip_max, "clip_max"),
        )
        target = to or default_output(selection)
        return _blend(
            plan,
            output=target,
            provenance=_provenance(),
            spill=target.parent,
            force=force,
            fail_on=severity,
            dry_run=dry_run,
            limits=limits,
        ).recipe


def score(
    *paths: AnyPath,
    pillars: Mapping[str, AnyPath] | None = None,
    truth: AnyPath | None = None,
    metric: AnyPath | None = None,
    average: Average | None = None,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    method: str | None = None,
    common_rows: bool = False,
) -> ScoreTable:
    """Score out-of-fold files against the truth as `pbl score` does, and return the scores.

    Raises FindingsError, which has the report, for files that aren't fine, and PblError where they can't be scored.
    """
    chosen = _select_oof("score", paths, pillars, truth)
    from pbl.weights.from_files import Question, score_files

    question = Question(metric=_text(metric), average=average, common_rows=common_rows)
    given = _weights(weights, chosen.selection)
    return score_files(chosen, question, weights=given, method=method, spill=Path(gettempdir()))[0]


def tune(
    *paths: AnyPath,
    pillars: Mapping[str, AnyPath] | None = None,
    truth: AnyPath | None = None,
    metric: AnyPath | None = None,
    average: Average | None = None,
    greater_is_better: bool | None = None,
    groups: Sequence[str] = (),
    folds: AnyPath | None = None,
    methods: Sequence[str] = (),
    negative: bool = False,
    trust: Sequence[str] = (),
    common_rows: bool = False,
    write: bool = False,
) -> Tuning:
    """Find the weights that out-of-fold files support as `pbl tune` does, and return candidates and advice.

    With `write`, the advised weights are set in `pbl.toml`; nothing is if the advice is to use none. Raises
    FindingsError, which has the report, for files that aren't fine, and PblError where there is no answer.
    """
    chosen = _select_oof("tune", paths, pillars, truth)
    from pbl.project.edit_toml import check_writable, write_weights
    from pbl.weights.from_files import Question, tune_files

    settings = chosen.selection.settings
    if write:
        check_writable(settings, chosen.selection.names)
    found, _ = tune_files(
        chosen,
        Question(metric=_text(metric), average=average, greater_is_better=greater_is_better, common_rows=common_rows),
        groups=_several(groups, "groups"),
        folds=None if folds is None else Path(folds),
        methods=_several(methods, "methods"),
        negative=negative,
        trust=_several(trust, "trust"),
        spill=Path(gettempdir()),
    )
    if write and found.advice.weights is not None:
        write_weights(settings, found.advice.weights, found.advice.method or "mean")
    return found


def compare(
    *paths: AnyPath,
    pillars: Mapping[str, AnyPath] | None = None,
    top: int = 10,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: AnyPath | None = None,
) -> Comparison:
    """Compare the pillars' numbers as `pbl compare` does, and return the comparison.

    `top` rows on which they disagree most are listed. Raises FindingsError, which has the report, if a check finds an
    error, and PblError where the comparison can't be made.
    """
    from pbl.weights.compare import compare as carry_out

    limits = _limits(threads, memory_limit, temp_dir)
    plan = plan_blend(_select(paths, pillars or {}, None))
    return carry_out(plan, spill=Path(gettempdir()), top=top, limits=limits)


def log_run(
    submission: AnyPath | None = None,
    *,
    label: str,
    cv: float | None = None,
    full_cv: float | None = None,
    public: float | None = None,
    private: float | None = None,
    metric: str = "",
    notes: str = "",
    pillar: str | None = None,
    model: str | None = None,
    scores: AnyPath | None = None,
    logs: AnyPath = "run_logs",
    now: datetime | None = None,
) -> Logged:
    """Log a run as `pbl log-run` does, and return it; `scores` is a pillar's own score table, `now` an aware moment.

    Raises PblError, and logs nothing, if there is nothing to log or it can't be logged.
    """
    from pbl import __version__

    path = None if submission is None else Path(submission)
    if path is None and pillar is None and scores is None and Path("submission.csv").exists():
        path = Path("submission.csv")
    moment = datetime.now(UTC) if now is None else now.astimezone(UTC)
    return _log_run(
        path,
        label=label,
        logs=Path(logs),
        surroundings=Surroundings.of(os.environ, now=moment, version=__version__),
        scores=Scores(cv=_finite(cv), full_cv=_finite(full_cv), public=_finite(public), private=_finite(private)),
        metric=metric,
        notes=notes,
        pillar=pillar,
        model=model,
        table=None if scores is None else Path(scores),
    )


def runs(
    *,
    logs: AnyPath = "run_logs",
    label: str | None = None,
    sort: Order = "when",
) -> RunList:
    """List the logged runs as `pbl runs` does, the newest or the best (`sort` by "cv" or "public") first.

    Raises PblError if the folder of the logs can't be listed, or `pbl.toml` can't be read.
    """
    if sort not in {"when", *SORTED_BY}:
        raise UsageError(f"sort: {sort!r} is not one of when, {', '.join(SORTED_BY)}")
    return list_runs(Path(logs), spill=Path(gettempdir()), label=label, order=sort, metric=find_settings(Path()).metric)


def _finite(score: float | None) -> float | None:
    if score is None:
        return None
    value = float(score)
    if not math.isfinite(value):
        raise UsageError(f"a score must be a finite number, not {score!r}")
    return value


def _wanted(weights: Sequence[float] | Mapping[str, float] | None) -> frozenset[str] | None:
    """Return the pillars that weights name, which may be text as it is typed on the command line."""
    if isinstance(weights, str):
        return named_by([weights])
    return frozenset(dict(weights.items())) if weights is not None and hasattr(weights, "items") else None


def _select(
    paths: Sequence[AnyPath | Sequence[AnyPath]],
    pillars: Mapping[str, AnyPath],
    template: AnyPath | None,
    *,
    wanted: frozenset[str] | None = None,
) -> Selection:
    given = [_path(path, "a path") for each in paths for path in (each if isinstance(each, list | tuple) else [each])]
    named = [(name, _path(path, f"pillars: {name!r}")) for name, path in pillars.items()]
    for name, _ in named:
        if not name or any(c in name for c in "\r\n\0"):
            raise UsageError(f"pillars: {name!r} is no name; a name is text without line ends")
    named_template = None if template is None else _path(template, "template")
    return select_pillars(given, named=named, template=named_template, wanted=wanted)


def _path(value: object, what: str) -> Path:
    """Return a path; raise UsageError for an empty one and for what is none."""
    if isinstance(value, str | os.PathLike):
        if not os.fspath(value):
            raise UsageError(f"{what} is empty")
        return Path(value)
    if is_frame(value):
        raise UsageError(f"{what} is a {type(value).__name__}; frames have names: pillars={{'name': frame}}")
    raise UsageError(f"{what} is {type(value).__name__}, not text or a path")


def _severity(fail_on: str) -> Severity:
    if fail_on not in {Severity.ERROR, Severity.WARNING}:
        raise UsageError(f"fail_on: {fail_on!r} is not one of error, warning")
    return Severity(fail_on)


def _select_oof(
    what: str, paths: Sequence[AnyPath], pillars: Mapping[str, AnyPath] | None, truth: AnyPath | None
) -> OofSelection:
    """Find the out-of-fold files; raise UsageError where what scores them isn't installed."""
    require_extra("tune", f"pbl.{what}")
    return select_oof(
        [Path(p) for p in paths],
        named=[(name, Path(path)) for name, path in (pillars or {}).items()],
        truth=None if truth is None else Path(truth),
    )


def _text(metric: AnyPath | None) -> str | None:
    return None if metric is None else str(metric)


def _several(names: Sequence[str], what: str) -> list[str]:
    """Return the names; a text is taken for none, as it would be taken letter by letter."""
    if isinstance(names, str):
        raise UsageError(f"{what}: {names!r} is a text; give a list of names")
    return list(names)


def _weights(
    weights: Sequence[float] | Mapping[str, float] | None, selection: Selection
) -> list[float] | dict[str, float] | None:
    """Return weights as floats; numpy's numbers are taken, and text as it is typed on the command line."""
    if weights is None:
        return None
    if isinstance(weights, str):
        return parse_weights([weights], selection)
    if not len(weights):
        raise UsageError("weights: none given; leave them out for the usual ones")
    if hasattr(weights, "items"):
        return {name: _real(weight, "weights") for name, weight in weights.items()}
    return [_real(weight, "weights") for weight in weights]


def _real(value: float, what: str) -> float:
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{what}: {value!r} is not a number") from None


def _limits(threads: int | None, memory_limit: str | None, temp_dir: AnyPath | None) -> Limits:
    if threads is not None and threads != max(1, int(threads)):
        raise UsageError(f"threads: {threads!r} is not a whole number of 1 or more")
    memory = None if memory_limit is None else parse_memory(memory_limit)
    folder = None if temp_dir is None else Path(temp_dir)
    if folder is not None and not folder.is_dir():
        raise UsageError(f"temp_dir: {folder} is not a folder")
    return Limits(threads=threads, memory=memory, temp_dir=folder)


def _provenance() -> Provenance:
    from pbl import __version__

    return Provenance(now=datetime.now(UTC), version=__version__, command=("python", *sys.argv[:1]))
