"""Blend checked prediction files into one submission, and write it with its recipe: both whole, or neither."""

from __future__ import annotations

from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pbl.blending._job import Blended, Job, allow_replacing
from pbl.blending.formula import Clip
from pbl.checks.validate import spare_inputs
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.domain.recipe import recipe_path
from pbl.project.recipe_files import fits
from pbl.storage.commit import recover

if TYPE_CHECKING:
    from pbl.domain.pillars import Selection
    from pbl.domain.provenance import Maker


def blend(
    selection: Selection,
    *,
    output: Path | BinaryIO,
    maker: Maker,
    spill: Path,
    clip: Clip = Clip(),
    raw_weights: bool = False,
    force: bool = False,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Blended:
    """Blend weighed pillars (see `pillars.weigh`) and write the submission and, beside it, its recipe.

    Each value is min(high, max(low, (w1/W) t1 + (w2/W) t2 + ...)), W the sum of the weights, in double precision, the
    terms added in pillar order; with `raw_weights` the weights themselves stand in place of the shares. Rows come in
    the template's order, else the first pillar's. Raises FindingsError (nothing written) if a check finds an error,
    OutputError if the output is an input, must not be replaced or can't be written, and what `validate` raises.
    """
    job = Job(
        selection=selection,
        maker=maker,
        spill=spill,
        clip=clip,
        raw_weights=raw_weights,
        limits=limits,
        progress=progress,
    )
    if not isinstance(output, Path):
        return job.stream(output)
    kept = recipe_path(output)
    for written in (output, kept):
        spare_inputs(written, selection)
    found = recover(output, kept, fits)
    there = allow_replacing(output, kept, force=force)
    return replace(job.write(output, kept, over=there or force), found=found)
