"""Open out-of-fold files, check them, and keep them open while they are read.

Below `oof`; the checks themselves are those of `checks.against_truth`.
"""

from __future__ import annotations

from contextlib import contextmanager
from dataclasses import dataclass, replace
from difflib import get_close_matches
from typing import TYPE_CHECKING

from pbl.checks.against_truth import check_against_truth
from pbl.checks.open_files import open_files
from pbl.checks.report import make_report
from pbl.domain.errors import FindingsError, UsageError
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.engine.duck import open_duck
from pbl.weights._columns import column_names, find_blank

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import polars as pl

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.contract import Contract
    from pbl.domain.pillars import Selection
    from pbl.domain.report import Report
    from pbl.engine.duck import Duck

UNDONE = "no score was made"


@dataclass(frozen=True, kw_only=True)
class Checked:
    """Open files in which nothing was found, the truth first; the database may open them."""

    duck: Duck
    files: tuple[CheckedFile, ...]
    report: Report

    def refuse_blank(self, file: CheckedFile, frame: pl.DataFrame, columns: Mapping[str, str]) -> None:
        """Raise FindingsError if a cell of a column is empty; `columns` has their names in the frame."""
        found = [each for column, name in columns.items() for each in find_blank(file, frame, column, name)]
        if found:
            raise FindingsError(replace(self.report, findings=(*self.report.findings, *found)), UNDONE)


@contextmanager
def open_checked(
    selection: Selection,
    of_files: Contract,
    of_truth: Contract,
    *,
    spill: Path,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
    common_rows: bool = False,
) -> Iterator[Checked]:
    """Open and check the files, the truth first, and make sure at the end that none has changed.

    Raises FindingsError if an error is found.
    """
    with open_files(selection) as inputs, open_duck(inputs.paths, limits, size=inputs.size, spill=spill) as duck:
        files = check_against_truth(
            duck, inputs, of_files, of_truth, limits, common_rows=common_rows, progress=progress
        )
        report = make_report(files, selection, truth=True)
        if not report.ok:
            raise FindingsError(report, UNDONE)
        progress.stage("reading the numbers", duck.part)
        yield Checked(duck=duck, files=files, report=report)
        for file in files:
            file.unchanged()


def refuse_missing(file: CheckedFile, named: Sequence[tuple[str, str]]) -> None:
    """Raise UsageError for a column that isn't there; `named` says what wants each."""
    header = column_names(file)
    for what, column in named:
        if column not in header:
            near = get_close_matches(column, header, n=1)
            meant = f"did you mean {near[0]!r}?" if near else f"the header is {', '.join(header)}"
            raise UsageError(f"{file.input.path}: there is no column {column!r} (for {what}); {meant}")
