"""Every offending place of a report as CSV."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.findings import Example
from pbl.project.outputs import refuse_input
from pbl.storage.atomic_write import write_whole
from pbl.storage.csv_text import csv_line

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.domain.pillars import Selection
    from pbl.domain.report import Report

_HEADER = ["file", "row", "column", "code", "id", "value"]


def write_failures(report: Report, path: Path, selection: Selection) -> None:
    """Write every place of every finding as CSV, replacing the file as a whole; raise OutputError if it is an input.

    No CSV can hold a NUL: it is written as it is shown on a terminal.
    """
    refuse_input(path, selection)
    lines = [csv_line(_HEADER)]
    for found in report.findings:
        places = found.examples or (Example(),)
        lines += [csv_line([found.file, p.row, found.column, found.code, p.id, p.value]) for p in places]
    text = "".join(f"{line}\n" for line in lines).replace("\0", "\\x00")
    write_whole(path, text.encode("utf-8", "surrogateescape"))
