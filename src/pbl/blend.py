"""Blend checked prediction files into one submission, and write it with its recipe: both whole, or neither."""

from __future__ import annotations

import hashlib
import math
import os
from dataclasses import dataclass, replace
from pathlib import Path
from typing import TYPE_CHECKING, Any, BinaryIO

from pbl_sql import Sql, ask, identifier, listed

from pbl.blocks import LARGE, ahead, batched, blocks
from pbl.contract import Settings
from pbl.duck import Limits
from pbl.errors import ChangedError, EngineError, FindingsError, InputError, OutputError, UsageError
from pbl.findings import plural
from pbl.pillars import Pillar, Selection, shares
from pbl.progress import Progress
from pbl.reading import Malformed, Survey, structural, survey, tokenize
from pbl.recipe import FileFacts, Ingredient, Output, Recipe, parse_recipe, recipe_path
from pbl.validate import Examination, examine, spare_inputs
from pbl.writing import Draft, Drafts, recover

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from pbl.checked import Checked
    from pbl.duck import Duck
    from pbl.findings import Report

_NUMBERS = Sql("numbers")


@dataclass(frozen=True, kw_only=True)
class Clip:
    """The bounds that a blend is held to; None is no bound."""

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that are not finite or cross, with UsageError."""
        for flag, bound in (("--clip-min", self.low), ("--clip-max", self.high)):
            if bound is not None and not math.isfinite(bound):
                raise UsageError(f"{flag}: {bound!r} is not a finite number")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise UsageError(f"--clip-min {self.low!r} is above --clip-max {self.high!r}")


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
        with examine(
            self.selection,
            spill=self.spill,
            limits=self.limits,
            max_examples=5,
            trusting=True,
            outputs={draft.fd: draft.path},
            progress=self.progress,
        ) as examination:
            if examination.report.errors():
                raise FindingsError(examination.report)
            rows = plural((examination.reference.rows if examination.reference else None) or 0, "row")
            self.progress.stage(f"blending {rows}", examination.duck.part)
            facts = self._summary(examination)
            due = examination.reference.rows if examination.reference else None
            if facts["rows"] != due:
                raise EngineError(f"the blend has {facts['rows']} rows where {due} were due; please report this")
            if facts["broken"]:
                raise UsageError(
                    f"the blend is not finite in {facts['broken']} rows: a prediction or weight is too large"
                )
            self.progress.stage(f"writing {rows}", examination.duck.part)
            self._write(examination, draft)
            self.progress.stage(f"reading {rows} back", examination.duck.part)
            written = self._read_back(examination, draft)
            examination.unchanged()
        if self.expected not in {None, written.sha256}:
            raise ChangedError(
                f"the recipe's submission has the hash {self.expected}, and what these inputs and this pbl "
                f"({self.maker.version}) make has {written.sha256}; nothing was written"
            )
        output = Output(
            path=called,
            sha256=written.sha256 or "",
            bytes=written.size or 0,
            rows=facts["rows"],
            clipped=facts["clipped"],
            min=facts["lowest"],
            mean=float(f"{facts['mean']:.12g}"),
            max=facts["highest"],
        )
        below = {p.name: facts[f"below{place}"] for place, p in enumerate(self.selection.pillars) if facts["clipped"]}
        return _Made(examination=examination, output=output, below=below), examination.report

    def _summary(self, examination: Examination) -> dict[str, Any]:
        """Sum the blend up: its rows, range and clips, and for each pillar how often it is below a raised value."""
        blends = [f"b{t}" for t in self._targets]
        below = [
            Sql(f"count(*) FILTER (WHERE clipped AND ({listed(self._lower(place), ' OR ')})) AS below{place}")
            for place in range(len(self.selection.pillars))
        ]
        return examination.duck.row(
            "blend_summary",
            self._values(),
            blend=self._sql(),
            lowest=Sql(f"least({', '.join(f'min({b})' for b in blends)})"),
            highest=Sql(f"greatest({', '.join(f'max({b})' for b in blends)})"),
            mean=Sql(f"({' + '.join(f'avg({b})' for b in blends)}) / {len(blends)}"),
            broken=listed([Sql(f"NOT coalesce(isfinite(s{t}), false)") for t in self._targets], " OR "),
            below=listed(below),
        )

    def _write(self, examination: Examination, draft: Draft) -> None:
        names = ["id", *(f"b{t}" for t in self._targets)]
        picked = [Sql(f"{n} AS {identifier(c)}") for n, c in zip(names, self.selection.contract.columns, strict=True)]
        duck = examination.duck
        duck.run("write", self._values(), blend=self._sql(), columns=listed(picked), file=duck.path(draft.fd))

    def _read_back(self, examination: Examination, draft: Draft) -> Survey:
        """Read what was written as strictly as an input; raise OutputError if it is not what was meant."""
        columns = tuple(range(len(self.selection.contract.columns)))
        source = survey(draft.path, None, self.selection.contract, self.progress)
        try:
            good = source.columns == columns and not source.findings and self._same(examination, draft, source)
        except Malformed:
            good = False
        finally:
            source.close()
        if not good:
            raise OutputError(f"{draft.name}: not written: what was read back is not what was blended")
        return source

    def _same(self, examination: Examination, draft: Draft, source: Survey) -> bool:
        """Say whether what was written are the blend's rows."""
        duck, columns = examination.duck, source.columns
        if source.plain and (source.size or 0) >= LARGE:
            rows = 0
            self.progress.stage(f"comparing {source.rows:,} rows", lambda: rows / source.rows)
            for frame in ahead(batched(blocks(source, columns, numbers=True))):
                part = {"first": rows, "last": rows + len(frame) - 1}
                with duck.batch(frame):
                    if not self._equal(duck, "batch", ask("numbers_part"), part):
                        return False
                rows += len(frame)
            return rows == source.rows
        self.progress.stage(f"comparing {source.rows:,} rows", duck.part)
        if source.plain:
            duck.add_plain("written", draft.fd, width=len(columns), columns=columns, keep=False)
        else:
            batches, offences = tokenize(source, 1)
            duck.add_cells("written", batches)
            if structural(source, offences):
                return False
        return self._equal(duck, "written", _NUMBERS, {})

    def _equal(self, duck: Duck, written: str, numbers: Sql, part: Mapping[str, int]) -> bool:
        differ = listed([Sql(f"f.t{t}::DOUBLE IS DISTINCT FROM b.b{t}") for t in self._targets], " OR ")
        blend = self._sql(numbers)
        rows, different = duck.rows("written", {**self._values(), **part}, file=written, blend=blend, differ=differ)[0]
        return bool(rows and not different)

    def _sql(self, numbers: Sql = _NUMBERS) -> Sql:
        """Return the blend of gathered numbers: the weighted sums, terms in pillar order, then the clips."""
        places = range(len(self.selection.pillars))
        sums = [
            Sql(f"{' + '.join(f'$share{place} * n{place}_{t}' for place in places)} AS s{t}") for t in self._targets
        ]
        clips = [Sql(f"{self._clipped(t)} AS b{t}") for t in self._targets]
        changed = [Sql(f"{self._clipped(t)} <> s{t}") for t in self._targets]
        return ask("blend", numbers=numbers, sums=listed(sums), clips=listed(clips), clipped=listed(changed, " OR "))

    def _values(self) -> dict[str, Any]:
        bounds = {"clip_min": self.clip.low, "clip_max": self.clip.high}
        shares_ = {f"share{place}": share for place, share in enumerate(self._factors())}
        return shares_ | {key: bound for key, bound in bounds.items() if bound is not None}

    def _clipped(self, target: int) -> Sql:
        inner = f"s{target}"
        if self.clip.high is not None:
            inner = f"least($clip_max, {inner})"
        return Sql(inner if self.clip.low is None else f"greatest($clip_min, {inner})")

    def _lower(self, place: int) -> list[Sql]:
        return [Sql("false" if self.clip.low is None else f"n{place}_{t} < $clip_min") for t in self._targets]

    @property
    def _targets(self) -> range:
        return range(len(self.selection.contract.targets))

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
