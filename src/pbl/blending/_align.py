"""The rows of all files, aligned: side by side, in the order of the first file.

The seam between reading and blending, and the only place that knows a size. Small files become a table, joined in SQL;
large ones become batches, read by polars. A second engine would be a third case.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.blending._align_sql import NUMBERS, align_checked, align_table, read_table
from pbl.domain.errors import Unclear, UnreadableError
from pbl.domain.progress import Progress
from pbl.domain.wording import plural
from pbl.reading.prefetch import Pull, load_ahead
from pbl.reading.sources import size_as_csv, survey_source

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Sequence
    from pathlib import Path

    import polars as pl
    from pbl_sql import Sql

    from pbl.checks.open_files import CheckedFile, Inputs
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.engine.duck import Duck


@dataclass(frozen=True, kw_only=True)
class Table:
    """Aligned rows as a table of the database."""

    files: tuple[CheckedFile, ...]
    name: Sql = NUMBERS
    large: bool = False
    """Whether its files are so large that polars writes its rows faster than the database does."""


@dataclass(frozen=True, kw_only=True)
class Batches:
    """Aligned rows, to be pulled batch by batch; after the last batch, `rows.result` has the files."""

    rows: Pull[pl.DataFrame, tuple[CheckedFile, ...]]


def load_engines(inputs: Inputs, limits: Limits) -> None:
    """Begin to load polars if files are large, before the database opens: the two load at the same time."""
    if inputs.size_as_csv >= limits.sizes.large:
        load_ahead("polars", "duckdb")


def align(
    duck: Duck,
    inputs: Inputs,
    contract: Contract,
    limits: Limits,
    *,
    spill: Path,
    progress: Progress = Progress(),
    doing: str = "blending",
) -> Table | Batches:
    """Align files that were not checked yet: their rows side by side, in the order of the first one.

    `doing` is the verb for the progress line, such as "blending".
    Raises Unclear, now or while batches are pulled, if a cell, a row or an id needs explaining. Then `checks.validate`
    explains it, and `align_anyway` aligns files without an error.
    """
    files = [(each, each.file) for each in inputs.all if each.file]
    if len(files) < len(inputs.all):
        raise Unclear("a file can't be read")
    large = inputs.size_as_csv >= limits.sizes.large
    if large:
        from pbl.blending._align_frames import align_frames, find_readable  # noqa: PLC0415 - small files do without
        from pbl.checks.same_ids import find_same_ids  # noqa: PLC0415 - same

        ids_of = find_same_ids(duck, [file for _, file in files], contract)
        readable = [
            find_readable(each, file, contract, limits, place=n, ids_of=ids_of[n] if each.pillar else n)
            for n, (each, file) in enumerate(files)
        ]
        if len(sound := [each for each in readable if each]) == len(files):
            rows = align_frames(sound, contract, limits, spill=spill)
            return Batches(rows=_report_progress(rows, sound[0].rows, len(files), progress, doing))
    try:
        surveys = [
            (each, survey_source(file, contract, ids_only=not each.pillar, progress=progress)) for each, file in files
        ]
    except UnreadableError as error:
        raise Unclear(error.reason) from error
    progress.stage("joining the files", duck.part)
    return Table(files=align_table(duck, surveys, contract, limits), large=large)


def align_anyway(duck: Duck, files: Sequence[CheckedFile], contract: Contract, limits: Limits) -> Table:
    """Align files that were Unclear, and in which the checks then found no error."""
    align_checked(duck, files, contract)
    large = sum(size_as_csv(file.survey.file) for file in files if file.survey) >= limits.sizes.large
    return Table(files=tuple(files), large=large)


def load_table(duck: Duck, rows: Table | Batches) -> Table:
    """Return aligned rows as a table; batches go into NUMBERS, which the database spills to disk if it must."""
    if isinstance(rows, Table):
        return rows
    at = 2
    for batch in rows.rows:
        with duck.batch(batch.with_row_index("row", at)):
            duck.run("files/first_rows" if at == 2 else "files/more_rows", table=NUMBERS)  # noqa: PLR2004 - below the header
        at += len(batch)
    return Table(files=rows.rows.result)


def read_batches(duck: Duck, table: Table | Batches, columns: Iterable[str], limits: Limits) -> Batches:
    """Return aligned rows in batches; of a table, the ids and some columns."""
    if isinstance(table, Batches):
        return table

    def rows() -> Generator[pl.DataFrame, None, tuple[CheckedFile, ...]]:
        yield from read_table(duck, list(columns), rows=limits.sizes.table_rows, table=table.name)
        return table.files

    return Batches(rows=Pull(rows()))


def _report_progress(
    batches: Generator[pl.DataFrame, None, tuple[CheckedFile, ...]],
    rows: int,
    files: int,
    progress: Progress,
    doing: str,
) -> Pull[pl.DataFrame, tuple[CheckedFile, ...]]:
    """Return batches that report the progress, of about so many rows."""
    done = 0

    def count() -> Generator[pl.DataFrame, None, tuple[CheckedFile, ...]]:
        nonlocal done
        progress.stage(f"{doing} about {plural(rows, 'row')} of {plural(files, 'file')}", lambda: done / rows)
        pulled = Pull(batches)
        for batch in pulled:
            yield batch
            done += len(batch)
        return pulled.result

    return Pull(count())
