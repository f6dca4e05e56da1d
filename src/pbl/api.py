"""What `import pbl` offers: the commands as functions that print nothing and return frozen results."""

from __future__ import annotations

import math
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from pbl.blending.blend import blend as _blend
from pbl.blending.plan import default_output, plan_blend
from pbl.blending.replay import replay
from pbl.checks.validate import validate as _validate
from pbl.domain.errors import UsageError
from pbl.domain.extras import require_extra
from pbl.domain.limits import Limits, parse_memory
from pbl.domain.provenance import Provenance
from pbl.domain.weights import parse_weights
from pbl.ledger.log_run import Scores, Surroundings
from pbl.ledger.log_run import log_run as _log_run
from pbl.ledger.run import SORTED_BY
from pbl.ledger.run_list import list_runs
from pbl.project.find_toml import find_settings
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
    from pbl.weights.metrics import Average
    from pbl.weights.score import Scores as ScoreTable
    from pbl.weights.tuning import Tuning

    AnyPath = str | PathLike[str]


def validate(
    *paths: AnyPath,
    pillars: Mapping[str, AnyPath] | None = None,
    template: AnyPath | None = None,
    max_examples: int | None = 5,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: AnyPath | None = None,
) -> Report:
    """Check prediction files as `pbl validate` does, and return the report; bad data is in it, not an exception.

    `paths` are folders or files, `pillars` files by name. Raises PblError where the check can't be made.
    """
    limits = _limits(threads, memory_limit, temp_dir)
    chosen = _select(paths, pillars, template)
    return _validate(chosen, spill=Path(gettempdir()), limits=limits, max_examples=max_examples)


def blend(
    *paths: AnyPath,
    pillars: Mapping[str, AnyPath] | None = None,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    clip_min: float | None = None,
    clip_max: float | None = None,
    raw_weights: bool = False,
    template: AnyPath | None = None,
    output: AnyPath | None = None,
    force: bool = False,
    recipe: AnyPath | None = None,
    inputs: AnyPath | None = None,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: AnyPath | None = None,
) -> Recipe:
    """Blend as `pbl blend` does, write the submission with its recipe beside it, and return the recipe.

    With `recipe`, that recipe's submission is made again, and only `output`, `inputs` and `force` go with it. Raises
    FindingsError, which has the report, if a check finds an error, and PblError where the blend can't be made.
    """
    limits = _limits(threads, memory_limit, temp_dir)
    to = None if output is None else Path(output)
    if recipe is not None:
        others = (weights, template, clip_min, clip_max)
        if paths or pillars or raw_weights or any(other is not None for other in others):
            raise UsageError("recipe has its own pillars, weights, clips and template")
        path = Path(recipe)
        folder = None if inputs is None else Path(inputs)
        return replay(
            path, provenance=_provenance(), spill=path.parent, output=to, inputs=folder, force=force, limits=limits
        ).recipe
    if inputs is not None:
        raise UsageError("inputs goes with recipe")
    selection = _select(paths, pillars, template)
    plan = plan_blend(
        selection,
        weights=_weights(weights, selection),
        raw_weights=raw_weights,
        clip_min=None if clip_min is None else _real(clip_min, "clip_min"),
        clip_max=None if clip_max is None else _real(clip_max, "clip_max"),
    )
    target = to or default_output(selection)
    return _blend(plan, output=target, provenance=_provenance(), spill=target.parent, force=force, limits=limits).recipe


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


def _select(paths: Sequence[AnyPath], pillars: Mapping[str, AnyPath] | None, template: AnyPath | None) -> Selection:
    named = [(name, Path(path)) for name, path in (pillars or {}).items()]
    for name, _ in named:
        if not name or any(c in name for c in "\r\n\0"):
            raise UsageError(f"pillars: {name!r} is no name; a name is text without line ends")
    if "" in map(str, [*paths, *(pillars or {}).values()]):
        raise UsageError("a path is empty")
    return select_pillars([Path(p) for p in paths], named=named, template=None if template is None else Path(template))


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
