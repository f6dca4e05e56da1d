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
from pbl.domain.limits import Limits, parse_memory
from pbl.domain.provenance import Provenance
from pbl.domain.weights import named_by, parse_weights
from pbl.ledger.log_run import Scores, Surroundings
from pbl.ledger.log_run import log_run as _log_run
from pbl.project.pillar_files import select_pillars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from pbl.domain.pillars import Selection
    from pbl.domain.recipe import Recipe
    from pbl.domain.report import Report
    from pbl.ledger.log_run import Logged

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
    selection = _select(paths, pillars, template, wanted=_wanted(weights))
    plan = plan_blend(
        selection,
        weights=_weights(weights, selection),
        raw_weights=raw_weights,
        clip_min=None if clip_min is None else _real(clip_min, "clip_min"),
        clip_max=None if clip_max is None else _real(clip_max, "clip_max"),
    )
    target = to or default_output(selection)
    return _blend(plan, output=target, provenance=_provenance(), spill=target.parent, force=force, limits=limits).recipe


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
    if path is None and pillar is None and Path("submission.csv").exists():
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
    paths: Sequence[AnyPath],
    pillars: Mapping[str, AnyPath] | None,
    template: AnyPath | None,
    *,
    wanted: frozenset[str] | None = None,
) -> Selection:
    named = [(name, Path(path)) for name, path in (pillars or {}).items()]
    for name, _ in named:
        if not name or any(c in name for c in "\r\n\0"):
            raise UsageError(f"pillars: {name!r} is no name; a name is text without line ends")
    if "" in map(str, [*paths, *(pillars or {}).values()]):
        raise UsageError("a path is empty")
    return select_pillars(
        [Path(p) for p in paths],
        named=named,
        template=None if template is None else Path(template),
        wanted=wanted,
    )


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
