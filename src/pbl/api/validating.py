"""Check, blend and replay from Python.

The functions behind `pbl.validate` and `pbl.blend`; `checks` and `blending` do the work.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING, Literal

from pbl.api.arguments import (
    as_limits,
    as_weights,
    named_pillars,
    provenance,
    real,
    select,
    severity,
)
from pbl.blending.blend import blend as _blend
from pbl.blending.plan import default_output, plan_blend
from pbl.blending.replay import replay
from pbl.checks.validate import validate as _validate
from pbl.domain.errors import UsageError
from pbl.domain.rules import Severity
from pbl.project.frames import frames_as_files

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.api.arguments import AnyPath, Frame
    from pbl.domain.recipe import Recipe
    from pbl.domain.report import Report


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
    As in a spreadsheet, a CSV's header is row 1, and a frame's first row is row 2; the first row of a Parquet file, or
    of a part, is row 1. Raises PblError where the check can't be made.
    """
    limits = as_limits(threads, memory_limit, temp_dir)
    spill = Path(gettempdir())
    with frames_as_files(pillars or {}, spill=limits.temp_dir or spill) as handed:
        chosen = handed.mark(select(paths, handed.paths, template))
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

    `paths` and `pillars` are those of `validate`; the recipe of a frame has its digest and no path, so that blend
    can't be made again. A dry run writes nothing. With `recipe`, that recipe's submission is made again, and only
    `output`, `inputs`, `force` and `dry_run` go with it. Raises FindingsError, which has the report, if a check finds
    something as bad as `fail_on`, and PblError where the blend can't be made, or its own warnings stop it.
    """
    limits = as_limits(threads, memory_limit, temp_dir)
    level = severity(fail_on)
    to = None if output is None else Path(output)
    if recipe is not None:
        others = (weights, template, clip_min, clip_max, method)
        flags = (raw_weights, negative, reconcile, per_target, level is not Severity.ERROR)
        if paths or pillars or any(flags) or any(other is not None for other in others):
            raise UsageError("recipe has its own pillars, weights, method, clips and template")
        path = Path(recipe)
        folder = None if inputs is None else Path(inputs)
        return replay(
            path,
            provenance=provenance(),
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
        selection = handed.mark(select(paths, handed.paths, template, wanted=named_pillars(weights)))
        plan = plan_blend(
            selection,
            weights=as_weights(weights, selection),
            raw_weights=raw_weights,
            negative=negative,
            method=method,
            reconcile=reconcile,
            per_target=per_target,
            clip_min=None if clip_min is None else real(clip_min, "clip_min"),
            clip_max=None if clip_max is None else real(clip_max, "clip_max"),
        )
        target = to or default_output(selection)
        return _blend(
            plan,
            output=target,
            provenance=provenance(),
            spill=target.parent,
            force=force,
            fail_on=level,
            dry_run=dry_run,
            limits=limits,
        ).recipe
