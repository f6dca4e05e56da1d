"""Make the log row of a submission: its hash, and the facts of the recipe that describes its bytes.

`log_run` adds the scores and the surroundings.
"""

from __future__ import annotations

import os
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.contract import Contract
from pbl.domain.errors import ChangedError, InputError, UnreadableError
from pbl.domain.recipe import recipe_path
from pbl.domain.run_row import RunRow
from pbl.ledger.log_format import decode_typed, path_text
from pbl.project.recipe_files import fits, load_recipe
from pbl.reading.parquet import PartsSurvey
from pbl.reading.rows import tokenize
from pbl.reading.sources import open_surveyed
from pbl.storage.commit import recover

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.domain.recipe import Recipe
    from pbl.reading.sources import Surveyed

_NO_SUBMISSION = frozenset({"PBL101", "PBL102", "PBL103", "PBL106", "PBL107", "PBL109", "PBL110"})
"""What no submission can be: not readable, empty, no text, neither CSV nor Parquet."""


def submission_row(path: Path, logs: Path) -> tuple[tuple[Path, ...], RunRow, Path | None]:
    """Return a row of a submission's hash and its recipe's facts; the recipe must describe exactly these bytes."""
    kept = recipe_path(path)
    recovered = recover(path, kept, fits)
    recipe = load_recipe(kept) if os.path.lexists(kept) else None
    try:
        with open_surveyed(path, recipe.contract if recipe else Contract()) as found:
            unfit = [each.message for each in found.findings if each.code in _NO_SUBMISSION]
            if unfit or found.sha256 is None:
                raise InputError(f"{path}: {'; '.join(unfit) or 'cannot be read'}; nothing was logged")
            row = RunRow(
                pillar="submission",
                model=decode_typed(path.name),
                submission=_place(path, logs),
                submission_sha256=found.sha256,
            )
            if recipe is None:
                return recovered, row._replace(rows=_count_rows(found)), None
            if (found.sha256, found.size) != (recipe.output.sha256, recipe.output.bytes):
                raise ChangedError(
                    f"{path}: edited since pbl wrote it: its sha256 is {found.sha256}, {kept.name} says "
                    f"{recipe.output.sha256}; blend again, or move {kept.name} away to log the file as it is"
                )
            found.unchanged()
    except UnreadableError as error:
        raise InputError(f"{error}; nothing was logged") from error
    return recovered, _blend(row, recipe), kept


def _count_rows(found: Surveyed) -> int | None:
    """Return the number of rows of a file with any header, None if they can't be counted."""
    if isinstance(found, PartsSurvey):
        return found.file.rows
    if found.plain:
        return found.scan.rows
    if found.header.stopped:
        return None
    batches, offences = tokenize(found, 0, all_columns=True)
    counted = sum(len(batch[0]) for batch in batches)
    return None if offences.keys() - {"PBL701"} else counted


def _place(path: Path, logs: Path) -> str:
    """Return a path relative to the folder that holds the logs if it is in there, else in full."""
    whole, home = path.absolute(), logs.absolute().parent
    whole, home = (Path(os.path.normpath(each)) for each in (whole, home))
    return path_text(whole.relative_to(home) if whole.is_relative_to(home) else whole)


def _blend(row: RunRow, recipe: Recipe) -> RunRow:
    shares = {decode_typed(i.name): i.share for i in recipe.inputs}
    return row._replace(
        pillar="blend",
        model=_short_weights(shares),
        method=_way(recipe),
        clip_min=recipe.clip_min,
        clip_max=recipe.clip_max,
        weights=shares,
        rows=recipe.output.rows,
        clipped=recipe.output.clipped,
        inputs={decode_typed(name): each.sha256 for i in recipe.inputs for name, each in i.files.items()},
        pbl_version=recipe.pbl_version,
    )


def _way(recipe: Recipe) -> str:
    """Return the method, and the options that changed the numbers too: `rank per-target reconcile`."""
    flags = ("per-target" if recipe.per_target else "", "reconcile" if recipe.constraints else "")
    return " ".join(filter(None, (recipe.method, *flags)))


def _short_weights(shares: Mapping[str, float]) -> str:
    """Return shares in a few words: `siglip=0.6 dino=0.4`."""
    return " ".join(f"{name}={share:.4g}" for name, share in shares.items())
