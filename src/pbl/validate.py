"""Check prediction files: each by its contract, then against each other and the template."""

from __future__ import annotations

import math
import unicodedata
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, listed, name

from pbl.blocks import LARGE, load_ahead
from pbl.checked import BLANK, EDGED, Checked
from pbl.contract import NUMBER
from pbl.csv_text import csv_line
from pbl.decide import decide, passed, unread
from pbl.duck import Limits, open_duck
from pbl.errors import EngineError, OutputError
from pbl.findings import Example, Offences, Report, Severity, plural
from pbl.gather import Gathered, gather, gather_matched
from pbl.line_up import line_up
from pbl.pillars import is_there, same_file
from pbl.progress import Progress
from pbl.reading import Malformed, Survey, guessed, looked_over, opened
from pbl.tokens import structural, tokenize, untailed
from pbl.writing import write_whole

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pbl.blocks import Seen
    from pbl.contract import Contract
    from pbl.duck import Duck
    from pbl.line_up import Sink
    from pbl.pillars import Pillar, Selection

SCALE_FACTOR = 10.0
"""PBL607: a pillar's mean absolute prediction is this many times the pillars' median, or less than one such part."""
PLACEHOLDER_PART = 0.1
"""PBL603: the part of the template's ids that a pillar covers at most, knowing no others."""
_KEEP_UP_TO = 32 << 20
_ROWS, _VALUES, _IDS = "rows", "values", "ids"


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
            _check_each(duck, files, contract, max_examples, trusting=trusting, progress=progress)
        progress.stage("comparing the files", duck.part)
        sound = [p for p in pillars if p.table]
        reference = template if template and template.table else next(iter(sound), None)
        for file in sound:
            if file.spotless:
                _note_constant(file, contract)
            if reference and gathered is Gathered.NOT:
                _check_ids(duck, file, reference, max_examples)
        _check_alike(duck, [p for p in sound if p.spotless], len(contract.targets), contract)
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
        file = Checked(pillar=pillar, path=path, source=source, not_checked=(_ROWS, _VALUES, _IDS))
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
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - it takes longer to load than a small file

    pool = ThreadPoolExecutor(1)
    try:
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
    finally:
        pool.shutdown(cancel_futures=True)
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


def _check_each(
    duck: Duck,
    files: Sequence[Checked],
    contract: Contract,
    limit: int | None,
    *,
    trusting: bool,
    progress: Progress,
) -> None:
    """Check each file alone."""
    for place, file in enumerate(files):
        progress.stage(f"checking {plural(file.source.rows, 'row')} of {file.path.name}", duck.part)
        _check_structure(duck, file, f"p{place}", contract, limit, trusting=trusting, progress=progress)
        if file.table and not file.spotless:
            _check_values(duck, file, contract, limit, trusting=trusting)


def _check_structure(
    duck: Duck,
    file: Checked,
    table: str,
    contract: Contract,
    limit: int | None,
    *,
    trusting: bool,
    progress: Progress = Progress(),
) -> None:
    """Know a sound file as a table; else note where its structure is broken, and what could not be checked."""
    source = file.source
    if source.stopped:
        file.not_checked = (_ROWS, _VALUES, _IDS)
        return
    columns = source.columns if file.pillar else source.columns[:1]
    if source.plain and source.columns and source.rows:
        shown = file.shown or (passed(file, contract, progress) if not trusting else None)
        if shown and shown.rows == source.rows and source.ascii:
            file.profile = {"rows": shown.rows, "different_ids": shown.rows, **shown.profile()}
            duck.add_plain(table, source.fd or 0, width=len(source.header), columns=columns, keep=False)
            file.table, file.rows, file.spotless = table, source.rows, True
            file.findings += untailed(source)
            return
        try:
            keep = (source.size or 0) <= _KEEP_UP_TO
            duck.add_plain(table, source.fd or 0, width=len(source.header), columns=columns, keep=keep)
            file.profile = _profile(duck, table, columns, contract)
            if file.profile["rows"] == source.rows:
                file.table, file.rows = table, source.rows
                file.findings += untailed(source)
                return
        except Malformed:
            pass
        table = f"{table}_again"
    batches, offences = tokenize(source, limit)
    if source.columns:
        duck.add_cells(table, (batch[: len(columns)] for batch in batches))
    else:
        for _ in batches:
            pass
    found = structural(source, offences)
    file.findings += found
    if not source.columns or any(f.severity is Severity.ERROR for f in found):
        file.not_checked = (_VALUES, _IDS)
        return
    file.profile = _profile(duck, table, columns, contract)
    file.table, file.rows = table, int(file.profile["rows"])


def _profile(duck: Duck, table: str, columns: Sequence[int], contract: Contract) -> Mapping[str, Any]:
    """Screen a file: count what isn't as it must be, and sum its numbers up, in one query."""
    values: dict[str, Any] = {"blank": BLANK, "edged": EDGED}
    targets = [name(f"t{n}") for n in range(len(columns) - 1)]
    if targets:
        values |= {"number": NUMBER, "minimum": contract.min, "maximum": contract.max}
    pattern = Sql("0")
    if contract.id_pattern is not None:
        pattern = Sql("count(*) FILTER (WHERE NOT regexp_full_match(id, $pattern))")
        values["pattern"] = f"(?:{contract.id_pattern})"
    asked = listed([ask("screen_target", t=t) for t in targets]) if targets else Sql("0 AS no_targets")
    try:
        return duck.row("screen", values, table=table, pattern=pattern, targets=asked)
    except Malformed as error:
        if "CSV Error" in str(error):
            raise
        raise unread(contract, error) from error


def _check_values(duck: Duck, file: Checked, contract: Contract, limit: int | None, *, trusting: bool) -> None:
    """Have the Pandera schema decide about each cell, unless the screen has seen that all is well."""
    profile, targets = file.profile, contract.targets if file.pillar else ()
    bad = sum(profile[f"t{n}_bad"] for n in range(len(targets))) + profile["bad_ids"] + profile["strange_ids"]
    file.spotless = not bad and profile["different_ids"] == file.rows
    pattern = contract.id_pattern or ""
    certain = not pattern or (file.source.ascii and r"\s" not in pattern.lower())  # engines know other white space
    if not trusting or not file.spotless or not certain:
        found = decide(duck, file, contract, targets, limit)
        if bad and not found and certain:
            raise EngineError(f"{file.path}: the screen and the schema disagree about this file; please report it")
        file.spotless = not found
    if profile["different_ids"] != file.rows or not file.source.ascii:
        alike = _alike_ids(duck, file.table, limit)
        file.note(
            "PBL605",
            f"{plural(alike.count, 'id')} differ from others by case or Unicode form only{_instead(alike)}",
            alike,
            severity=Severity.WARNING,
            column=contract.id,
            hint="are they meant to be different samples?",
        )


def _note_constant(file: Checked, contract: Contract) -> None:
    rows = file.rows or 0
    for n, target in enumerate(contract.targets if file.pillar else ()):
        value = file.profile[f"t{n}_min"]
        if rows > 1 and value == file.profile[f"t{n}_max"]:
            file.note("PBL551", f"every prediction is {value + 0.0!r}", Offences(limit=0, count=rows), column=target)


def _alike_ids(duck: Duck, table: str, limit: int | None) -> Offences:
    """Find the ids that are the same once normalised (NFKC) and case-folded, and yet differ."""
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    ids = duck.rows("cells", table=table, columns=listed([name("row"), name("id")]))
    for _, text in ids:
        folded = unicodedata.normalize("NFKC", text).casefold()
        other = first.setdefault(folded, text)
        if other != text:
            twins.setdefault(folded, text)
    found = Offences(limit=limit)
    for row, text in ids if twins else ():
        folded = unicodedata.normalize("NFKC", text).casefold()
        if folded in twins:
            found.add(row, text, first[folded] if text != first[folded] else twins[folded])
    return found


def _check_ids(duck: Duck, file: Checked, reference: Checked, limit: int | None) -> None:
    """Compare a file's ids with the reference's."""
    file.aligned = file is reference
    if file.aligned:
        return
    if file.rows == reference.rows and file.source.first == reference.source.first:
        (different,) = duck.rows("same_order", file=file.table, reference=reference.table)[0]
        file.aligned = not different
        if file.aligned:
            return
    (strangers,) = duck.rows("strangers", file=file.table, other=reference.table)[0]
    order = f"the rows stand in another order than in {reference.known}"
    if not strangers and file.rows == reference.rows and file.distinct and reference.distinct:
        file.note("PBL604", order, Offences(limit=0, count=1))
        return
    blank = {"blank": BLANK}
    duck.run("unmatched", blank, table="missing", file=reference.table, other=file.table)
    duck.run("unmatched", blank, table="unknown", file=file.table, other=reference.table)
    duck.run("respelt")
    edged = {"edged": EDGED, "limit": limit}
    missing = _offences(duck, "listed_missing", {"limit": limit}, limit)
    unknown = _offences(duck, "listed_unknown", edged, limit)
    respelt = _offences(duck, "listed_respelt", edged, limit)
    known = reference.known
    matched = (reference.rows or 0) - missing.count
    if not reference.pillar and missing.count and not strangers and matched <= PLACEHOLDER_PART * (reference.rows or 0):
        part = f"{plural(matched, 'id')} of the {reference.rows:,} that {known} has: a placeholder of the test set"
        file.note("PBL603", part, missing)
    else:
        file.note("PBL601", f"{plural(missing.count, 'id')} missing that {known} has", missing)
    file.note("PBL602", f"{plural(unknown.count, 'id')} that {known} has not", unknown)
    file.note("PBL605", f"{plural(respelt.count, 'id')} spelt otherwise than in {known}{_instead(respelt)}", respelt)
    if file.rows == reference.rows and not (strangers or missing.count or respelt.count):
        file.note("PBL604", order, Offences(limit=0, count=1))


def _instead(found: Offences) -> str:
    """Say of the first id what stands elsewhere in its place, and make each example's value the raw cell."""
    pairs = [(example.id, example.value) for example in found.examples]
    found.examples = [replace(example, value=example.id) for example in found.examples]
    return f": {pairs[0][0]!r} here, {pairs[0][1]!r} there" if pairs else ""


def _offences(duck: Duck, question: str, values: Mapping[str, Any], limit: int | None) -> Offences:
    rows = duck.rows(question, values)
    examples = [Example(row=row, id=id_, value=value) for _, row, id_, value in rows]
    return Offences(limit=limit, count=rows[0][0] if rows else 0, examples=examples)


def _check_alike(duck: Duck, files: Sequence[Checked], targets: int, contract: Contract) -> None:
    """Warn of predictions that are another file's, or of another scale."""
    for place, file in enumerate(files):
        for other in files[:place]:
            if _same_profile(file, other, targets) and _same_predictions(duck, file, other, targets):
                file.note(
                    "PBL606",
                    f"the predictions are those of {other.known}, row by row",
                    Offences(limit=0, count=file.rows or 0),
                )
                break
    for n in range(targets):
        sizes = [f.profile[f"t{n}_size"] for f in files]
        middle = sorted(sizes)[(len(sizes) - 1) // 2] if sizes else 0.0
        for file, size in zip(files, sizes, strict=True):
            if middle > 0 and not middle / SCALE_FACTOR <= size <= middle * SCALE_FACTOR:
                message = f"the mean absolute prediction is {size:.4g}, and {middle:.4g} in the middle of all pillars"
                file.note("PBL607", message, Offences(limit=0, count=file.rows or 0), column=contract.targets[n])


def _same_profile(file: Checked, other: Checked, targets: int) -> bool:
    """Say whether two files may hold the same numbers; their means are summed in different orders."""
    if file.rows != other.rows:
        return False
    mine, theirs = file.profile, other.profile
    return all(
        mine[f"t{n}_min"] == theirs[f"t{n}_min"]
        and mine[f"t{n}_max"] == theirs[f"t{n}_max"]
        and math.isclose(mine[f"t{n}_size"], theirs[f"t{n}_size"], rel_tol=1e-6)
        for n in range(targets)
    )


def _same_predictions(duck: Duck, file: Checked, other: Checked, targets: int) -> bool:
    differ = listed([Sql(f"f.t{n}::DOUBLE IS DISTINCT FROM o.t{n}::DOUBLE") for n in range(targets)], " OR ")
    different, rows = duck.rows("same_predictions", file=file.table, other=other.table, differ=differ)[0]
    return not different and rows == file.rows


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
