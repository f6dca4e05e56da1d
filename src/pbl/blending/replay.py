"""Make the submission of a recipe again, byte for byte."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.blending._job import Job, allow_replacing
from pbl.blending.formula import Clip
from pbl.checks.validate import spare_inputs
from pbl.domain.errors import OutputError
from pbl.domain.limits import Limits
from pbl.domain.pillars import Pillar, Selection
from pbl.domain.progress import Progress
from pbl.domain.recipe import recipe_path
from pbl.domain.settings import Settings
from pbl.project.recipe_files import find_inputs, fits, load_recipe, same_bytes
from pbl.storage.commit import recover

if TYPE_CHECKING:
    from pbl.blending._job import Blended
    from pbl.domain.provenance import Maker


def replay(
    path: Path,
    *,
    maker: Maker,
    spill: Path,
    output: Path | None = None,
    inputs: Path | None = None,
    force: bool = False,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Blended:
    """Make the submission of a recipe again, byte for byte, beside the recipe unless `output` is given.

    Inputs are looked for where the recipe says, relative to it, and, given the folder `inputs`, by hash in there.
    Raises ChangedError if one is missing or changed, or if the bytes made are not those of the recipe.
    """
    recipe = load_recipe(path)
    folder = path.parent
    found = find_inputs(recipe, folder, inputs)
    pillars = [Pillar(name=i.name, path=found[i.name], weight=i.weight) for i in recipe.inputs]
    selection = Selection(pillars=tuple(pillars), settings=Settings(contract=recipe.contract), template=found.get(None))
    clip = Clip(low=recipe.clip_min, high=recipe.clip_max)
    expected = recipe.output.sha256
    job = Job(
        selection=selection,
        maker=maker,
        spill=spill,
        clip=clip,
        raw_weights=recipe.raw_weights,
        limits=limits,
        progress=progress,
        expected=expected,
    )
    target = output or folder / Path(recipe.output.path).name
    kept = recipe_path(target)
    spare_inputs(target, selection)
    if target.exists() and target.samefile(path):
        raise OutputError(f"{target}: is the recipe itself; name another --output")
    if same_bytes(target, expected) and kept.exists() and fits(target, kept):
        return replace(job.rehearse(target), output=target, recipe_path=kept, already=True)
    left = recover(target, kept, fits)
    there = allow_replacing(target, kept, force=force)
    return replace(job.write(target, kept, over=there or force), found=left)
