"""Blend checked prediction files into one submission, and write it with its recipe: both whole, or neither.

The function behind `pbl blend`: `plan` comes before it, `log_run` after it.
"""

from __future__ import annotations

import os
from contextlib import suppress
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, BinaryIO

from pbl.blending._submission import make_submission
from pbl.domain.endings import ENDINGS
from pbl.domain.errors import FindingsError, InputError, OutputError, WarningsError
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.domain.recipe import recipe_path
from pbl.domain.rules import Severity
from pbl.domain.wording import file_name
from pbl.project.outputs import refuse_ending, refuse_input
from pbl.project.recipe_files import fits, load_recipe
from pbl.storage.commit import Drafts, recover
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from pbl.blending._submission import Submission
    from pbl.blending.plan import Plan
    from pbl.blending.residuals import Residuals
    from pbl.domain.provenance import Provenance
    from pbl.domain.recipe import Recipe
    from pbl.domain.report import Report
    from pbl.domain.warned import Warned
    from pbl.storage.commit import Draft


@dataclass(frozen=True, kw_only=True)
class Blended:
    """A submission that was made."""

    recipe: Recipe
    report: Report
    output: Path | None
    """Where it was written, or would have been; None if it went to a stream."""
    recipe_path: Path | None
    below: Mapping[str, int]
    """For each pillar, in how many of the clipped rows it is itself below the lower bound."""
    already: bool = False
    """Whether the same bytes were there before."""
    warnings: tuple[Warned, ...] = ()
    """Warnings about the blend that are no finding of a file."""
    residuals: tuple[Residuals, ...] = ()
    """How far each constraint is off."""
    dry_run: bool = False
    """Whether nothing was written."""
    left: tuple[Path, ...] = ()
    """Files of an earlier run that was killed while it wrote; they were kept under other names."""


def blend(
    plan: Plan,
    *,
    output: Path | BinaryIO,
    provenance: Provenance,
    spill: Path,
    force: bool = False,
    fail_on: Severity = Severity.ERROR,
    dry_run: bool = False,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Blended:
    """Carry out a plan: write the submission and, beside it, its recipe; or write its bytes to a stream.

    `spill` is the folder for data that doesn't fit into memory. A dry run does all of it and leaves no file. Raises
    FindingsError (nothing written) if a check finds something as bad as `fail_on`, WarningsError if that is a warning
    about the blend itself, OutputError if the output is an input, must not be replaced or can't be written, and what
    `validate` raises.
    """

    def verify(made: Submission, _: Draft) -> tuple[Warned, ...]:
        report = replace(made.report, fail_on=fail_on)
        if not report.ok:
            raise FindingsError(report)
        if fail_on is Severity.WARNING and made.warnings:
            raise WarningsError(made.warnings)
        return ()

    if isinstance(output, Path):
        return write_submission(
            plan,
            output,
            provenance=provenance,
            spill=spill,
            force=force,
            dry_run=dry_run,
            limits=limits,
            progress=progress,
            verify=verify,
        )
    with private_folder(spill) as private, Drafts() as drafts:
        draft = drafts.new(private / "submission.csv")
        made = make_submission(plan, draft, provenance=provenance, spill=spill, limits=limits, progress=progress)
        verify(made, draft)
        if not dry_run:
            output.writelines(draft.chunks())
            output.flush()
    recipe = made.recipe(Path(), called="-")
    return replace(make_outcome(made, recipe), dry_run=dry_run)


def write_submission(
    plan: Plan,
    output: Path,
    *,
    provenance: Provenance,
    spill: Path,
    force: bool,
    dry_run: bool = False,
    limits: Limits,
    progress: Progress,
    verify: Callable[[Submission, Draft], tuple[Warned, ...]] = lambda *_: (),
) -> Blended:
    """Write a submission and its recipe, over an older pair if pbl wrote that; `verify` may still raise, or warn."""
    refuse_ending(output, ENDINGS, "a submission is written as CSV or Parquet")
    kept = recipe_path(output)
    for written in (output, kept):
        refuse_input(written, plan.selection)
    left = () if dry_run else recover(output, kept, fits)
    there = _allow_replacing(output, kept, force=force)
    with Drafts() as drafts:
        draft = drafts.new(output)
        made = make_submission(plan, draft, provenance=provenance, spill=spill, limits=limits, progress=progress)
        more = verify(made, draft)
        recipe = made.recipe(kept.parent, called=output.name)
        note = drafts.new(kept)
        note.write(recipe.to_bytes())
        if b"".join(note.chunks()) != recipe.to_bytes():
            raise OutputError(f"{kept}: not written: the disk gives back other bytes than it was given")
        if not dry_run:
            drafts.publish(draft, note=note, replace=there or force)
    outcome = make_outcome(made, recipe, more)
    return replace(outcome, output=output, recipe_path=kept, dry_run=dry_run, left=left)


def make_outcome(made: Submission, recipe: Recipe, more: tuple[Warned, ...] = ()) -> Blended:
    """Return the outcome to show for a submission, wherever it was written."""
    return Blended(
        recipe=recipe,
        report=made.report,
        output=None,
        recipe_path=None,
        below=made.below,
        warnings=(*made.warnings, *more),
        residuals=made.residuals,
    )


def _refuse_anothers_recipe(output: Path, kept: Path) -> None:
    """Raise OutputError if the recipe is that of another submission beside it, as `x` and `x.csv` would share one."""
    with suppress(InputError):
        beside = output.parent / file_name(load_recipe(kept).output.path or "")
        if beside != output and recipe_path(beside) == kept and os.path.lexists(beside):
            raise OutputError(f"{kept}: is the recipe of {beside}; name another --output")


def _allow_replacing(output: Path, kept: Path, *, force: bool) -> bool:
    """Say whether there is a submission to replace; raise OutputError if it isn't as pbl wrote it."""
    there = os.path.lexists(output)
    _refuse_anothers_recipe(output, kept)
    if force:
        return there
    if there:
        if not output.is_file():
            return there
        if not kept.exists():
            raise OutputError(
                f"{output}: is there already, and no recipe beside it says that pbl wrote it; use --force to replace it"
            )
        if not fits(output, kept):
            raise OutputError(
                f"{output}: is not the file that {kept.name} describes (edited since?); use --force to replace it"
            )
    elif os.path.lexists(kept):
        try:
            load_recipe(kept)
        except InputError as error:
            raise OutputError(f"{kept}: is there already and is no recipe; use --force to replace it") from error
    return there
