"""Check one Parquet file, or one pillar's parts, by itself: its columns, then each of its cells.

The counterpart of `_one_file`, which checks CSV. The schema gets the doubles; what it refuses is explained on their
text, as for CSV.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING

from pbl_sql import Sql, exact_text, join

from pbl.checks._findings import note
from pbl.checks._schema import explain, is_clean
from pbl.checks._tables import note_alike, profile_table
from pbl.checks.open_files import IDS, ROWS, VALUES, CheckedFile
from pbl.checks.profile import Profiler
from pbl.checks.tables import add_parts
from pbl.checks.wording import tell_cells
from pbl.domain.errors import InexactError, UnreadableError
from pbl.domain.findings import Example, Offences, finding
from pbl.domain.rules import Severity
from pbl.reading.parquet import survey_parts
from pbl.reading.parquet_columns import match_columns
from pbl.reading.parquet_rows import has_plain_ids, read_rows

if TYPE_CHECKING:
    import polars as pl

    from pbl.checks.open_files import Input
    from pbl.checks.profile import Order, Profile
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.engine.duck import Duck
    from pbl.reading.parquet import PartsFile


def check_parts(
    duck: Duck,
    each: Input,
    file: PartsFile,
    table: str,
    contract: Contract,
    *,
    limits: Limits,
    most: int | None,
    like: Order | None,
    ids: Profile | None,
    progress: Progress,
) -> CheckedFile:
    """Check a file; it becomes a table of the database, named after `table`, if its columns are sound."""
    header = match_columns(file, contract, ids_only=not each.pillar)
    try:
        found = survey_parts(file, header)
        if not header.columns or not file.rows:
            structure = header.findings if not header.columns else (*header.findings, _no_rows(each))
            checked = (ROWS, VALUES, IDS) if not header.columns else (VALUES, IDS)
            return CheckedFile(input=each, survey=found, findings=structure, not_checked=checked)
        looks = _Looks(contract, limits, ids_only=not each.pillar, like=like, ids=ids)
        progress.stage(f"checking {each.path.name}", lambda: looks.rows / file.rows)
        for frame in read_rows(file, contract, limits, ids_only=not each.pillar, numbers_only=ids is not None):
            looks.add(frame)
        typed = f"{table}_typed"  # `table` itself may hold what a blend has made of the same rows
        if profile := looks.profile():
            add_parts(duck, typed, file, contract, limits, ids_only=not each.pillar)
        else:  # the database believes a footer's statistics, and might find nothing
            duck.add_frames(typed, read_rows(file, contract, limits, ids_only=not each.pillar))
    except UnreadableError as error:
        return CheckedFile(input=each, findings=(_note_unreadable(each, file, error),), not_checked=(ROWS, VALUES, IDS))
    if profile:
        found = replace(found, ascii=True)
        return CheckedFile(input=each, survey=found, table=typed, profile=profile, clean=True, findings=header.findings)
    numbers = [Sql(f"t{n}") for n in range(len(contract.targets) if each.pillar else 0)]
    columns = ["id", *numbers]
    texts = [Sql("coalesce(id, '') AS id"), *(Sql(f"coalesce({exact_text(n)}, '') AS {n}") for n in numbers)]
    duck.run("files/as_text", table=f"{table}_text", typed=typed, texts=join(texts))
    cells = [*_find_nul(duck, each, typed, contract, most), *explain(duck, each, f"{table}_text", contract, most)]
    known = profile_table(duck, f"{table}_text", range(len(columns)))
    alike = [] if known.distinct and looks.ascii else note_alike(duck, each, f"{table}_text", contract, most)
    return CheckedFile(
        input=each,
        survey=found,
        table=f"{table}_text" if cells else typed,
        profile=known,
        clean=not cells,
        findings=(*header.findings, *cells, *alike),
    )


class _Looks:
    """What the rows look like: whether they are clean, and their profile."""

    def __init__(
        self, contract: Contract, limits: Limits, *, ids_only: bool, like: Order | None, ids: Profile | None
    ) -> None:
        self.ascii = True
        self._contract, self._ids_only, self._numbers_only = contract, ids_only, ids is not None
        self._profiler = Profiler(limits.sizes.ids, targets=len(contract.targets), like=like, known=ids)
        self._clean = True
        self.rows = 0

    def add(self, frame: pl.DataFrame) -> None:
        """Look at more rows; after the first that aren't clean only at how their ids are spelt."""
        self.ascii = self.ascii and (self._numbers_only or has_plain_ids(frame))
        if self._clean:
            self._clean = self.ascii and self._is_clean(frame)
        self.rows += len(frame)

    def profile(self) -> Profile | None:
        """Return the profile of all rows, None if a row needs explaining."""
        found = self._profiler.profile() if self._clean else None
        return found if found and found.distinct else None

    def _is_clean(self, frame: pl.DataFrame) -> bool:
        only = {"ids_only": self._ids_only, "numbers_only": self._numbers_only}
        if not is_clean(frame, self._contract, **only, seen=self._profiler.add_numbers):
            return False
        self._profiler.add_ids(frame)
        return True


def _no_rows(each: Input) -> Finding:
    return finding("PBL107", file=str(each.path), pillar=each.name, message="has columns and no row")


def _note_unreadable(each: Input, file: PartsFile, error: UnreadableError) -> Finding:
    part = next((part.name for part in file.parts if part.file.path == error.path), "")
    told, places = (f"{part}: {error.reason}", (Example(part=part),)) if file.folder else (error.reason, ())
    inexact = isinstance(error, InexactError)
    code = "PBL208" if inexact else "PBL110"
    found = finding(code, file=str(each.path), pillar=each.name, message=told, examples=places)
    return replace(found, hint="write the column as DOUBLE, rounded as you want it") if inexact else found


def _find_nul(duck: Duck, each: Input, table: str, contract: Contract, most: int | None) -> list[Finding]:
    rows = duck.rows("checks/nul_ids", {"limit": most}, table=table)
    places = [Example(row=row, id=id_) for row, id_, _ in rows]
    found = Offences(limit=most, count=rows[0][2] if rows else 0, examples=places)
    return note(each, "PBL106", tell_cells("PBL106", found.count, contract), found, severity=Severity.ERROR)
