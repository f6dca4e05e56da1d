"""Cells as CSV text: a record of cells, and a cell that no spreadsheet runs as a formula.

The run logs and the failures of `validate` are written with it.
"""

from __future__ import annotations

import csv
import io
import re
from typing import TYPE_CHECKING

from pbl.domain.values import NUMBER

if TYPE_CHECKING:
    from collections.abc import Sequence

_DECIMAL = re.compile(NUMBER)


def csv_line(row: Sequence[object]) -> str:
    """Return one record without its line end; cells with either kind of line end in them are quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)  # with "\n" alone, Python 3.11 doesn't quote a bare CR
    return text.getvalue().removesuffix("\r\n")


def escape_formula(cell: str) -> str:
    """Put an apostrophe before text that a spreadsheet would run as a formula; numbers stay numbers."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _DECIMAL.fullmatch(cell) else cell
