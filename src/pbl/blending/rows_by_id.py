"""The pillars' numbers side by side, in the order of the ids: a table that doesn't depend on how the files are ordered.

`compare` calls it, where `blend` calls `_align` for rows in the order of the first file; both read each file once.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl_sql import Sql, join

from pbl.blending._align import Batches, align, load_table
from pbl.blending.members import means_of_members, merge_members
from pbl.checks.report import compare_numbers
from pbl.checks.validate import check_files
from pbl.domain.errors import Unclear
from pbl.domain.progress import Progress
from pbl.domain.rules import Severity
from pbl.reading.prefetch import Pull

if TYPE_CHECKING:
    from collections.abc import Generator, Sequence
    from pathlib import Path

    import polars as pl

    from pbl.checks.open_files import CheckedFile, Inputs
    from pbl.domain.limits import Limits
    from pbl.domain.pillars import Selection
    from pbl.engine.duck import Duck

_ORDERED = Sql("ordered")


def load_by_id(
    duck: Duck,
    inputs: Inputs,
    selection: Selection,
    limits: Limits,
    *,
    spill: Path,
    progress: Progress = Progress(),
) -> tuple[tuple[CheckedFile, ...], Sql | None]:
    """Check files as `validate` does; return what is known of each, and the table of their rows: row, id, n0_0, ...

    There is no table if a check finds an error. The database must have one thread, as several put rows out of order.
    """
    contract = selection.contract
    watched = _Watched()
    try:
        aligned = align(duck, inputs, contract, limits, spill=spill, progress=progress, doing="reading")
        if isinstance(aligned, Batches):
            aligned = Batches(rows=Pull(watched.pull(aligned.rows)))
        table = load_table(duck, merge_members(duck, aligned, selection))
        files = compare_numbers(duck, table.files, contract)
    except Unclear:
        files = check_files(duck, inputs, contract, limits, progress=progress)
        if any(found.severity is Severity.ERROR for file in files for found in file.findings):
            return files, None
        rows = _join(duck, [file for file in files if file.input.pillar], selection)
    else:
        rows = table.name
    if watched.ascending:
        return files, rows
    progress.stage("sorting by id", duck.part)
    duck.run("compare/order", rows=rows)
    duck.run("blend/forget", table=rows)
    return files, _ORDERED


class _Watched:
    """Batches that pass through, and whether their ids ascend from the first to the last."""

    def __init__(self) -> None:
        self.ascending = False

    def pull(
        self, batches: Pull[pl.DataFrame, tuple[CheckedFile, ...]]
    ) -> Generator[pl.DataFrame, None, tuple[CheckedFile, ...]]:
        last, ascending = "", True
        for batch in batches:
            ids = batch["id"]
            ascending = ascending and bool(last <= ids[0]) and ids.is_sorted()
            last = ids[-1]
            yield batch
        self.ascending = ascending
        return batches.result


def _join(duck: Duck, files: Sequence[CheckedFile], selection: Selection) -> Sql:
    """Join checked files, which all have the same ids, and return the table."""
    columns = [[Sql(f"f{p}.t{t}::DOUBLE") for t in range(len(selection.contract.targets))] for p in range(len(files))]
    numbers, values = means_of_members(selection, columns)
    joins = [Sql(f"JOIN {file.table} AS f{p} ON f{p}.id = f0.id") for p, file in enumerate(files) if p]
    duck.run("compare/gather", values, numbers=join(numbers), first=files[0].table or "", joins=join(joins, " "))
    return Sql("numbers")
