"""What `import pbl` offers: the commands as functions that print nothing and return frozen results."""

from __future__ import annotations

import sys
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from pbl.blend import Clip, Maker, replay
from pbl.blend import blend as _blend
from pbl.duck import Limits, parse_memory
from pbl.errors import UsageError
from pbl.pillars import Selection, select_pillars, weigh
from pbl.validate import validate as _validate

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from pbl.findings import Report
    from pbl.recipe import Recipe

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
        if paths or pillars or weights or template is not None or raw_weights or (clip_min, clip_max) != (None, None):
            raise UsageError("recipe has its own pillars, weights, clips and template")
        path = Path(recipe)
        folder = None if inputs is None else Path(inputs)
        return replay(
            path, maker=_maker(), spill=path.parent, output=to, inputs=folder, force=force, limits=limits
        ).recipe
    chosen = weigh(_select(paths, pillars, template), _weights(weights))
    settings = chosen.settings
    clip = Clip(
        low=settings.clip_min if clip_min is None else float(clip_min),
        high=settings.clip_max if clip_max is None else float(clip_max),
    )
    target = to or settings.output or Path("submission.csv")
    return _blend(
        chosen,
        output=target,
        maker=_maker(),
        spill=target.parent,
        clip=clip,
        raw_weights=raw_weights,
        force=force,
        limits=limits,
    ).recipe


def _select(paths: Sequence[AnyPath], pillars: Mapping[str, AnyPath] | None, template: AnyPath | None) -> Selection:
    named = [(name, Path(path)) for name, path in (pillars or {}).items()]
    return select_pillars([Path(p) for p in paths], named=named, template=None if template is None else Path(template))


def _weights(weights: Sequence[float] | Mapping[str, float] | None) -> list[str]:
    if weights is None:
        return []
    if hasattr(weights, "items"):
        return [f"{name}={float(weight)!r}" for name, weight in weights.items()]
    return [repr(float(weight)) for weight in weights]


def _limits(threads: int | None, memory_limit: str | None, temp_dir: AnyPath | None) -> Limits:
    memory = None if memory_limit is None else parse_memory(memory_limit)
    return Limits(threads=threads, memory=memory, temp_dir=None if temp_dir is None else Path(temp_dir))


def _maker() -> Maker:
    from pbl import __version__

    return Maker(now=datetime.now(UTC), version=__version__, command=("python", *sys.argv[:1]))
