"""Check one CSV file by itself: its structure, then each of its cells.

The first step of `validate`; `_parquet_file` is its counterpart for Parquet.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.checks._parquet_file import check_parts
from pbl.checks._schema import check_blocks, explain
from pbl.checks._tables import note_alike, profile_table
from pbl.checks.open_files import IDS, ROWS, VALUES, CheckedFile
from pbl.domain.errors import Unclear, UnreadableError
from pbl.domain.findings import finding
from pbl.domain.progress import Progress
from pbl.domain.rules import Severity
from pbl.domain.wording import plural
from pbl.reading.parquet import PartsFile
from pbl.reading.rows import explain_offences, missing_line_end, tokenize
from pbl.reading.survey import survey

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.checks.open_files import Input
    from pbl.checks.profile import Order, Profile
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.domain.limits import Limits
    from pbl.engine.duck import Duck
    from pbl.reading.survey import OpenFile, Survey

_KEEP_UP_TO = 32 << 20
"""The cells of a file of up to so many bytes are kept in memory."""


def check_file(
    duck: Duck,
    each: Input,
    table: str,
    contract: Contract,
    *,
    limits: Limits,
    most: int | None,
    like: Order | None = None,
    ids: Profile | None = None,
    progress: Progress = Progress(),
) -> CheckedFile:
    """Check a file; it becomes the table `table` of the database, or one named after it, if its structure is sound.

    `most` is the number of places that a finding keeps, None for all. `like` is the order of a file to compare with,
    Order() for the first file: then clean files are compared without being read again. `ids` is the profile of a file
    whose ids are clean, and the same in one order: then Parquet's ids aren't read.
    """
    if each.file is None:
        return CheckedFile(input=each, findings=each.findings, not_checked=(ROWS, VALUES, IDS))
    if isinstance(each.file, PartsFile):
        return check_parts(
            duck, each, each.file, table, contract, limits=limits, most=most, like=like, ids=ids, progress=progress
        )
    try:
        found, profile = check_blocks(each, each.file, contract, limits, progress, like=like)
    except Unclear:
        return _explain(duck, each, each.file, table, contract, most=most, progress=progress)
    columns = found.header.columns if each.pillar else found.header.columns[:1]
    duck.add_plain(table, each.file.fd, width=len(found.header.names), columns=columns, keep=False)
    findings = (*found.findings, *missing_line_end(found))
    return CheckedFile(input=each, survey=found, table=table, profile=profile, clean=True, findings=findings)


def _explain(
    duck: Duck, each: Input, file: OpenFile, table: str, contract: Contract, *, most: int | None, progress: Progress
) -> CheckedFile:
    """Say what is wrong with a file, if anything is."""
    try:
        found = survey(file, contract, progress=progress)
    except UnreadableError as error:
        unread = finding("PBL101", file=str(each.path), pillar=each.name, message=error.reason)
        return CheckedFile(input=each, findings=(unread,), not_checked=(ROWS, VALUES, IDS))
    if found.header.stopped:
        return CheckedFile(input=each, survey=found, findings=found.findings, not_checked=(ROWS, VALUES, IDS))
    progress.stage(f"checking {plural(found.scan.rows, 'row')} of {each.path.name}", duck.part)
    columns = found.header.columns if each.pillar else found.header.columns[:1]
    loaded = _load_plain(duck, found, table, columns)
    structure: Sequence[Finding] = missing_line_end(found)
    if loaded is None:
        table = f"{table}_again"
        batches, offences = tokenize(found, most)
        if found.header.columns:
            duck.add_cells(table, (batch[: len(columns)] for batch in batches))
        else:
            for _ in batches:
                pass
        structure = explain_offences(found, offences)
        if not found.header.columns or any(f.severity is Severity.ERROR for f in structure):
            findings = (*found.findings, *structure)
            return CheckedFile(input=each, survey=found, findings=findings, not_checked=(VALUES, IDS))
        loaded = profile_table(duck, table, columns)
    cells = explain(duck, each, table, contract, most)
    alike = [] if loaded.distinct and found.scan.ascii else note_alike(duck, each, table, contract, most)
    return CheckedFile(
        input=each,
        survey=found,
        table=table,
        profile=loaded,
        clean=not cells,
        findings=(*found.findings, *structure, *cells, *alike),
    )


def _load_plain(duck: Duck, found: Survey, table: str, columns: Sequence[int]) -> Profile | None:
    """Have the database read a plain file, and return its profile; None if it reads other rows than the survey."""
    if not (found.plain and found.header.columns and found.scan.rows):
        return None
    try:
        keep, width = found.scan.size <= _KEEP_UP_TO, len(found.header.names)
        duck.add_plain(table, found.file.fd, width=width, columns=columns, keep=keep)
        profile = profile_table(duck, table, columns)
    except Unclear:
        return None
    return profile if profile.rows == found.scan.rows else None
