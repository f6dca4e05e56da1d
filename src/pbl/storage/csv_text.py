"""Cells as CSV text: a record of cells, records of any length, and a cell that no spreadsheet runs as a formula.

The run logs and the failures of `validate` are written with it, and what pbl wrote is read with it.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from pbl.domain.values import NUMBER

if TYPE_CHECKING:
    from _csv import Reader
    from collections.abc import Iterable, Sequence

_LONGEST = 1 << 30
"""The most characters of a cell that is read; the csv module refuses more than 131,072 unless it is told otherwise."""
_DECIMAL = re.compile(NUMBER)


def csv_line(row: Sequence[object]) -> str:
    """Return one record without its line end; cells with either kind of line end in them are quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)  # with "\n" alone, Python 3.11 doesn't quote a bare CR
    return text.getvalue().removesuffix("\r\n")


def csv_records(lines: Iterable[str], *, strict: bool = False) -> Reader:
    """Return csv's reader of lines; it raises csv.Error, with `strict` for broken quotes too."""
    csv.field_size_limit(_LONGEST)  # for the whole process: there is no other way
    return csv.reader(lines, strict=strict)


def escape_formula(cell: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay numbers."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _DECIMAL.fullmatch(cell) else cell
