"""Check prediction files: each by its contract, then against each other and the template."""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING

from pbl.checks._across_files import check_alike, check_ids
from pbl.checks._checked import Checked
from pbl.checks._gather import Gathered, gather, gather_matched
from pbl.checks._line_up import line_up
from pbl.checks._one_file import IDS, ROWS, VALUES, check_alone, note_constant
from pbl.checks._schema import passed
from pbl.domain.errors import Malformed, OutputError
from pbl.domain.findings import Example, Offences
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.domain.report import Report
from pbl.domain.wording import plural
from pbl.engine.duck import open_duck
from pbl.project.pillar_files import is_there, same_file
from pbl.reading.blocks import LARGE
from pbl.reading.prefetch import load_ahead, threads
from pbl.reading.survey import Survey, guessed, looked_over, opened
from pbl.storage.atomic_write import write_whole
from pbl.storage.csv_text import csv_line

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pbl.checks._line_up import Sink
    from pbl.domain.contract import Contract
    from pbl.domain.pillars import Pillar, Selection
    from pbl.engine.duck import Duck
    from pbl.reading.blocks import Seen


@dataclass(frozen=True, kw_only=True)
class Examination:
    """What `examine` hands on: the files, the database that still knows them, and the report."""

    pillars: tuple[Checked, ...]
    template: Checked | None
    reference: Checked | None
    duck: Duck
    report: Report
    handed_on: bool
    """Whether the sink was handed all rows; the database has the table `numbers` else."""

    @property
    def size(self) -> int:
        """Return the bytes of all files together."""
        return sum(file.source.size or 0 for file in self._files)

    def unchanged(self, before: datetime | None = None) -> None:
        """Raise ChangedError if a file's bytes may not be those that were checked, from a moment `before` on."""
        for file in self._files:
            file.source.unchanged(before)

    @property
    def _files(self) -> tuple[Checked, ...]:
        return (*self.pillars, *([self.template] if self.template else []))


def validate(
    selection: Selection,
    *,
    spill: Path,
    limits: Limits = Limits(),
    max_examples: int | None = 5,
    progress: Progress = Progress(),
) -> Report:
    """Check the selected files and return all that was found, at most `max_examples` places a finding (None: all).

    Raises InputError for a file that isn't there, ContractError for a pattern no engine reads, ChangedError for a file
    that changes meanwhile and EngineError where memory or disk run out.
    """
    with examine(
        selection, spill=spill, limits=limits, max_examples=max_examples, trusting=False, progress=progress
    ) as examination:
        examination.unchanged()
        return examination.report


@contextmanager
def examine(
    selection: Selection,
    *,
    spill: Path,
    limits: Limits,
    max_examples: int | None,
    trusting: bool,
    outputs: Mapping[int, Path] | None = None,
    sink: Sink | None = None,
    progress: Progress = Progress(),
) -> Iterator[Examination]:
    """Check the selected files, and keep them open for what comes next.

    With `trusting`, files that `gather` finds spotless aren't shown to the Pandera schema; the two never disagree.
    Unless there is an error, the database has the files' numbers side by side as `numbers` then, or the rows were
    `handed_on` to the sink. `outputs` are further files, by descriptor, that the database may open.
    """
    contract = selection.contract
    with ExitStack() as stack:
        pillars = [_opened(stack, pillar, pillar.path) for pillar in selection.pillars]
        template = _opened(stack, None, selection.template) if selection.template else None
        files = [*([template] if template else []), *pillars]
        announced = {f.source.fd: f.path for f in files if f.source.fd is not None} | dict(outputs or {})
        size = sum(f.source.size or 0 for f in files)
        if size >= LARGE:
            load_ahead("polars", *(["duckdb"] if trusting else []))  # frames of answers need all of DuckDB
        duck = stack.enter_context(open_duck(announced, limits, size=size, spill=spill))
        line = partial(line_up, duck, files, contract, limits=limits, spill=spill, progress=progress, sink=sink)
        lined_up = _look_over(files, contract, line if trusting else None, progress)
        rows = max((f.source.rows for f in files), default=0)
        progress.stage(f"checking {plural(rows, 'row')} of {plural(len(files), 'file')}", duck.part)
        gathered = Gathered.NOT
        if lined_up:
            gathered = gather(duck, pillars, template, contract, line=lined_up, progress=progress)
        if gathered is Gathered.NOT:
            check_alone(duck, files, contract, max_examples, trusting=trusting, progress=progress)
        progress.stage("comparing the files", duck.part)
        sound = [p for p in pillars if p.table]
        reference = template if template and template.table else next(iter(sound), None)
        for file in sound:
            if file.spotless:
                note_constant(file, contract)
            if reference and gathered is Gathered.NOT:
                check_ids(duck, file, reference, max_examples)
        check_alike(duck, [p for p in sound if p.spotless], len(contract.targets), contract)
        report = Report(
            files=tuple(p.report() for p in pillars),
            template=template.report() if template else None,
            set_aside=selection.set_aside,
            findings=tuple(f for file in files for f in sorted(file.findings, key=lambda f: (f.code, f.column or ""))),
        )
        if trusting and gathered is Gathered.NOT and not report.errors():
            gather_matched(duck, pillars, template, contract)
        yield Examination(
            pillars=tuple(pillars),
            template=template,
            reference=reference,
            duck=duck,
            report=report,
            handed_on=gathered is Gathered.HANDED_ON,
        )


def _opened(stack: ExitStack, pillar: Pillar | None, path: Path) -> Checked:
    if pillar and pillar.promised and not is_there(path):
        source = Survey(path=path, pillar=pillar.name, stopped=True)
        file = Checked(pillar=pillar, path=path, source=source, not_checked=(ROWS, VALUES, IDS))
        file.note("PBL608", "is not there, and pbl.toml names it", Offences(limit=0, count=1))
        return file
    source = opened(path, pillar.name if pillar else None)
    stack.callback(source.close)
    return Checked(pillar=pillar, path=path, source=source, findings=list(source.findings))


def _look_over(
    files: Sequence[Checked], contract: Contract, line: Callable[[], Seen | None] | None, progress: Progress
) -> Callable[[], Seen | None] | None:
    """Look at every byte of the files. If they are large, their rows are read meanwhile, by a guess of what they are.

    That is, they are lined up by `line`, or, where there is none, shown to the schema; what is known of a file then
    stands in it. Return the function that lines the files up: where the guesses are borne out, it has done so.
    """
    there = [file for file in files if file.source.fd is not None]
    if sum(file.source.size or 0 for file in there) < LARGE:
        for file in there:
            _know(file, looked_over(file.source, contract, progress))
        return line
    with threads(1) as pool:
        looks = [pool.submit(looked_over, file.source, contract) for file in there]
        guesses = [guessed(file.source, contract) for file in there]
        for file, guess in zip(there, guesses, strict=True):
            file.source = guess or file.source
        early = _early(line) if line and len(there) == len(files) and _hopeful(guesses) else line
        for file, guess, look in zip(there, guesses, looks, strict=True):
            file.shown = passed(file, contract, progress) if guess and not line else None
            progress.stage(f"reading {file.path.name}", lambda: 0.0)
            _know(file, look.result())
            if guess is None or not file.source.bears_out(guess):
                early, file.shown = line, None
    return early


def _hopeful(guesses: Sequence[Survey | None]) -> bool:
    """Say whether files may be spotless by what they are guessed to be; see `gather`."""
    return all(guesses) and bool(guesses[0] and guesses[0].ascii)


def _early(line: Callable[[], Seen | None]) -> Callable[[], Seen | None]:
    """Line the files up now; return the function that says, whenever it is asked, what came of it."""
    try:
        seen = line()
    except Malformed as error:
        malformed = error

        def refuse() -> Seen | None:
            raise malformed

        return refuse
    return lambda: seen


def _know(file: Checked, source: Survey) -> None:
    file.source = source
    file.findings += source.findings


def trimmed(report: Report, max_examples: int) -> Report:
    """Return the report with at most `max_examples` places a finding."""
    findings = tuple(replace(f, examples=f.examples[:max_examples]) for f in report.findings)
    return replace(report, findings=findings)


def write_failures(report: Report, path: Path, selection: Selection) -> None:
    """Write every place of every finding as CSV, replacing the file as a whole; raise OutputError if it is an input.

    No CSV can hold a NUL: it is written as it is shown on a terminal.
    """
    spare_inputs(path, selection)
    lines = [csv_line(["file", "row", "column", "code", "id", "value"])]
    for found in report.findings:
        places = found.examples or (Example(),)
        lines += [csv_line([found.file, p.row, found.column, found.code, p.id, p.value]) for p in places]
    text = "".join(f"{line}\n" for line in lines).replace("\0", "\\x00")
    write_whole(path, text.encode("utf-8", "surrogateescape"))


def spare_inputs(written: Path, selection: Selection) -> None:
    """Raise OutputError if a file to be written is one of those that are read."""
    sources = [p.path for p in selection.pillars] + list(selection.found)
    sources += [p for p in (selection.template, selection.settings.path) if p]
    for source in sources:
        if written.exists() and same_file(written, source):
            raise OutputError(f"{written}: is an input ({source}); name another file")
