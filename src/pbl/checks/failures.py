"""Write every offending place of a report as CSV.

The last step of `pbl validate --failures`.
"""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pbl.domain.endings import CSV
from pbl.domain.findings import Example
from pbl.domain.rules import Severity
from pbl.project.outputs import refuse_ending, refuse_foreign, refuse_input
from pbl.storage.atomic_write import write_whole
from pbl.storage.csv_text import csv_line

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.domain.findings import Finding
    from pbl.domain.pillars import Selection
    from pbl.domain.report import Report

_HEADER = ["file", "row", "column", "code", "id", "value"]


def protect_failures(path: Path, selection: Selection, *, force: bool) -> None:
    """Raise OutputError if the file is an input, isn't called CSV, or exists and isn't such a table.

    Only what exists is replaced with `force`.
    """
    refuse_input(path, selection)
    refuse_ending(path, (CSV,), "failures are written as CSV")
    if not force:
        refuse_foreign(path, mark=csv_line(_HEADER).encode())


def write_failures(report: Report, path: Path, selection: Selection, *, force: bool = False) -> int:
    """Write every place of every error and warning as CSV, replacing the file as a whole; return how many there are.

    Raises what `protect_failures` does. CSV can't hold a NUL: it is escaped as on a terminal.
    """
    there = os.path.lexists(path)
    protect_failures(path, selection, force=force)
    lines = [csv_line(_HEADER)]
    for found in report.findings:
        if found.severity is Severity.INFO and not found.examples:
            continue
        places = found.examples or (Example(),)
        lines += [csv_line([_place(found, p), p.row, found.column, found.code, p.id, p.value]) for p in places]
    text = "".join(f"{line}\n" for line in lines).replace("\0", "\\x00")
    write_whole(path, text.encode("utf-8", "surrogateescape"), replace=there or force)
    return len(lines) - 1


def _place(found: Finding, place: Example) -> str:
    return f"{found.file}/{place.part}" if place.part else found.file
