"""Blend checked prediction files into one submission, and write it with its recipe: both whole, or neither."""

from __future__ import annotations

import hashlib
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pbl_sql import Sql

from pbl.blocks import LARGE
from pbl.contract import Settings
from pbl.duck import Limits
from pbl.errors import ChangedError, EngineError, FindingsError, InputError, OutputError, UsageError
from pbl.findings import plural
from pbl.formula import Clip, Facts, Formula
from pbl.pillars import Pillar, Selection, shares
from pbl.progress import Progress
from pbl.recipe import FileFacts, Ingredient, Output, Recipe, parse_recipe, recipe_path
from pbl.submission import Flow, Written, write_table
from pbl.validate import Examination, examine, spare_inputs
from pbl.writing import Draft, Drafts, recover

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pbl.checked import Checked
    from pbl.findings import Report


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who makes the submission, when and by which command; it goes into the recipe."""

    now: datetime
    version: str
    command: tuple[str, ...] = ()


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
    job = _Job(
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
    there = _allow_replacing(output, kept, force=force)
    return replace(job.write(output, kept, over=there or force), found=found)


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
    found = _find_inputs(recipe, folder, inputs)
    pillars = [Pillar(name=i.name, path=found[i.name], weight=i.weight) for i in recipe.inputs]
    selection = Selection(pillars=tuple(pillars), settings=Settings(contract=recipe.contract), template=found.get(None))
    clip = Clip(low=recipe.clip_min, high=recipe.clip_max)
    expected = recipe.output.sha256
    job = _Job(
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
    if _same_bytes(target, expected) and kept.exists() and fits(target, kept):
        return replace(job.rehearse(target), output=target, recipe_path=kept, already=True)
    left = recover(target, kept, fits)
    there = _allow_replacing(target, kept, force=force)
    return replace(job.write(target, kept, over=there or force), found=left)


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file; raise InputError if it isn't there or isn't one."""
    try:
        return parse_recipe(path.read_bytes(), path)
    except OSError as error:
        raise InputError(
            f"{path}: {'no such file' if isinstance(error, FileNotFoundError) else error.strerror}"
        ) from error


def fits(submission: Path, recipe: Path) -> bool:
    """Say whether a recipe describes the submission: its size and hash are the file's."""
    try:
        output = parse_recipe(recipe.read_bytes(), recipe).output
        return submission.stat().st_size == output.bytes and _same_bytes(submission, output.sha256)
    except (InputError, OSError):
        return False


@dataclass(frozen=True, kw_only=True)
class _Made:
    """A draft that holds the submission, and what is known of it."""

    examination: Examination
    output: Output
    below: Mapping[str, int]


@dataclass(frozen=True, kw_only=True)
class _Job:
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


def _allow_replacing(output: Path, kept: Path, *, force: bool) -> bool:
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


def _same_bytes(path: Path, sha256: str) -> bool:
    digest = hashlib.sha256()
    try:
        with path.open("rb") as file:
            while chunk := file.read(1 << 20):
                digest.update(chunk)
    except OSError:
        return False
    return digest.hexdigest() == sha256


def _find_inputs(recipe: Recipe, folder: Path, inputs: Path | None) -> dict[str | None, Path]:
    """Find each input of a recipe, the template as None; raise ChangedError naming all that are missing or changed."""
    wanted: list[tuple[str | None, FileFacts]] = [(i.name, i) for i in recipe.inputs]
    wanted += [(None, recipe.template)] if recipe.template else []
    candidates = _by_size(inputs) if inputs else {}
    found: dict[str | None, Path] = {}
    troubles = []
    for who, facts in wanted:
        path = folder / facts.path
        match = next(
            (p for p in (path, *candidates.get(facts.bytes, ())) if _regular(p) and _same_bytes(p, facts.sha256)), None
        )
        if match:
            found[who] = match
            continue
        called = who or "the template"
        if not path.exists():
            troubles.append(f"{called}: {path} is missing (expected sha256 {facts.sha256})")
        else:
            now = _hash(path) if _regular(path) else "no regular file"
            troubles.append(f"{called}: {path} has changed: expected sha256 {facts.sha256}, found {now}")
    if troubles:
        place = (
            f"; not found by hash in {inputs} either"
            if inputs
            else "; if the files lie elsewhere, name the folder with --inputs"
        )
        raise ChangedError("\n".join(troubles) + place)
    return found


def _by_size(folder: Path) -> dict[int, list[Path]]:
    sizes: dict[int, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if _regular(path):
            sizes.setdefault(path.stat().st_size, []).append(path)
    return sizes


def _regular(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False


def _hash(path: Path) -> str:
    return hashlib.sha256(path.read_bytes()).hexdigest()
