"""One blend: made, written with its recipe, or handed to a stream."""

from __future__ import annotations

import os
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pbl_sql import Sql

from pbl.blending._write import Flow, Written, write_table
from pbl.blending.formula import Clip, Facts, Formula
from pbl.checks.validate import Examination, examine
from pbl.domain.errors import ChangedError, EngineError, FindingsError, InputError, OutputError, UsageError
from pbl.domain.recipe import FileFacts, Ingredient, Output, Recipe
from pbl.domain.weights import shares
from pbl.domain.wording import plural
from pbl.project.recipe_files import fits, load_recipe
from pbl.reading.blocks import LARGE
from pbl.storage.commit import Draft, Drafts

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.checks._checked import Checked
    from pbl.domain.limits import Limits
    from pbl.domain.pillars import Selection
    from pbl.domain.progress import Progress
    from pbl.domain.provenance import Maker
    from pbl.domain.report import Report


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A draft that holds the submission, and what is known of it."""

    examination: Examination
    output: Output
    below: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class Job:
    """One blend: what it is made of and how."""

    selection: Selection
    maker: Maker
    spill: Path
    clip: Clip
    raw_weights: bool
    limits: Limits
    progress: Progress
    expected: str | None = None

    def write(self, output: Path, kept: Path, *, over: bool) -> Blended:
        """Publish the submission and its recipe together, over an older pair only if there was one to be replaced."""
        with Drafts() as drafts:
            draft = drafts.new(output)
            made, report = self._make(draft, output.name)
            recipe = self._recipe(made, kept.parent)
            note = drafts.new(kept)
            note.write(recipe.to_bytes())
            if b"".join(note.chunks()) != recipe.to_bytes():
                raise OutputError(f"{kept}: not written: the disk gives back other bytes than it was given")
            drafts.publish(draft, note=note, replace=over)
        return Blended(recipe=recipe, report=report, output=output, recipe_path=kept, below=made.below)

    def stream(self, sink: BinaryIO) -> Blended:
        """Hand the submission's bytes out; there is no recipe file then."""
        with Drafts() as drafts:
            draft = drafts.new(self.spill / "submission.csv")
            made, report = self._make(draft, "-")
            sink.writelines(draft.chunks())
            sink.flush()
        return Blended(
            recipe=self._recipe(made, Path()), report=report, output=None, recipe_path=None, below=made.below
        )

    def rehearse(self, output: Path) -> Blended:
        """Make the submission, and leave nothing behind."""
        with Drafts() as drafts:
            made, report = self._make(drafts.new(output), output.name)
        recipe = self._recipe(made, output.parent)
        return Blended(recipe=recipe, report=report, output=None, recipe_path=None, below=made.below)

    def _make(self, draft: Draft, called: str) -> tuple[_Made, Report]:
        with (
            Flow(self._formula, self.selection.contract, draft, self.limits) as flow,
            examine(
                self.selection,
                spill=self.spill,
                limits=self.limits,
                max_examples=5,
                trusting=True,
                outputs={draft.fd: draft.path},
                sink=flow,
                progress=self.progress,
            ) as examination,
        ):
            if examination.report.errors():
                raise FindingsError(examination.report)
            rows = plural((examination.reference.rows if examination.reference else None) or 0, "row")
            self.progress.stage(f"blending {rows}", examination.duck.part)
            written, facts = self._write(examination, draft, flow)
            due = examination.reference.rows if examination.reference else None
            if facts.rows != due:
                raise EngineError(f"the blend has {facts.rows} rows where {due} were due; please report this")
            examination.unchanged(before=self.maker.now)
        if self.expected not in {None, written.sha256}:
            raise ChangedError(
                f"the recipe's submission has the hash {self.expected}, and what these inputs and this pbl "
                f"({self.maker.version}) make has {written.sha256}; nothing was written"
            )
        output = Output(
            path=called,
            sha256=written.sha256,
            bytes=written.size,
            rows=facts.rows,
            clipped=facts.clipped,
            min=facts.lowest,
            mean=float(f"{facts.mean:.12g}"),
            max=facts.highest,
        )
        names = [pillar.name for pillar in self.selection.pillars]
        below = dict(zip(names, facts.below, strict=True)) if facts.clipped else {}
        return _Made(examination=examination, output=output, below=below), examination.report

    def _write(self, examination: Examination, draft: Draft, flow: Flow) -> tuple[Written, Facts]:
        """Write what has not been written yet, and read it back."""
        duck, large = examination.duck, examination.handed_on or examination.size >= LARGE
        if large and not examination.handed_on:
            flow.begin(duck)
            flow.take_table()
        facts = flow.settle() if large else self._formula.facts(duck, Sql("numbers"))
        if facts.broken:
            raise UsageError(f"the blend is not finite in {facts.broken} rows: a prediction or weight is too large")
        if large:
            return flow.written(), facts
        return write_table(duck, self._formula, self.selection.contract, draft, self.progress), facts

    @property
    def _formula(self) -> Formula:
        return Formula(factors=self._factors(), targets=len(self.selection.contract.targets), clip=self.clip)

    def _weights(self) -> tuple[float, ...]:
        return tuple(pillar.weight or 0.0 for pillar in self.selection.pillars)

    def _factors(self) -> tuple[float, ...]:
        return self._weights() if self.raw_weights else shares(self._weights())

    def _recipe(self, made: _Made, folder: Path) -> Recipe:
        template = made.examination.template
        return Recipe(
            pbl_version=self.maker.version,
            created_at=f"{self.maker.now:%Y-%m-%dT%H:%M:%SZ}",
            command=self.maker.command,
            contract=self.selection.contract,
            raw_weights=self.raw_weights,
            clip_min=self.clip.low,
            clip_max=self.clip.high,
            inputs=tuple(
                Ingredient(**_facts(file, folder), name=file.name or "", weight=weight, share=share)
                for file, weight, share in zip(made.examination.pillars, self._weights(), self._factors(), strict=True)
            ),
            template=FileFacts(**_facts(template, folder)) if template else None,
            output=made.output,
        )


def _facts(file: Checked, folder: Path) -> dict[str, Any]:
    return {
        "path": Path(os.path.relpath(file.path, folder)).as_posix(),
        "sha256": file.source.sha256,
        "bytes": file.source.size,
        "rows": file.rows,
    }


def allow_replacing(output: Path, kept: Path, *, force: bool) -> bool:
    """Say whether there is a submission to replace; raise OutputError if it isn't as pbl wrote it."""
    there = os.path.lexists(output)
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


@dataclass(frozen=True, kw_only=True)
class Blended:
    """A submission that was made."""

    recipe: Recipe
    report: Report
    output: Path | None
    """Where it was written; None if it went to a stream."""
    recipe_path: Path | None
    already: bool = False
    """Whether the same bytes were there before."""
    below: Mapping[str, int]
    """For each pillar, in how many of the clipped rows it is itself below the lower bound."""
    found: tuple[Path, ...] = ()
    """Files that an earlier run, killed while it wrote, had left, and that were kept under other names."""
