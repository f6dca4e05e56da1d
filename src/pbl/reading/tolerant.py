"""Parse CSV files as far as they can be read; every row that can't be read is reported, never dropped.

For run logs and score tables; prediction files are read strictly, by `rows`.
"""

from __future__ import annotations

import csv
import io
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.storage.csv_text import csv_records

if TYPE_CHECKING:
    from collections.abc import Sequence

_BROKEN_LIMIT = 1000
_BOM = b"\xef\xbb\xbf"


@dataclass(frozen=True, kw_only=True)
class Table:
    """A parsed CSV file: the rows with as many cells as the header, and the other rows."""

    header: tuple[str, ...]
    rows: list[tuple[int, list[str]]]
    broken: list[tuple[int, str]]
    ends: bool = True
    utf8: bool = True


def parse_csv(data: bytes) -> Table:
    """Parse a CSV file: RFC 4180, any line ends; after a broken row the next line begins the next row."""
    data = data.removeprefix(_BOM)
    try:
        text, utf8 = data.decode(), True
    except UnicodeDecodeError:
        text, utf8 = data.decode(errors="backslashreplace"), False
    ends = text.endswith(("\n", "\r")) or not text
    try:
        records = list(csv_records(io.StringIO(text, newline=""), strict=True))
        whole = "\0" not in text and len({len(cells) for cells in records} - {0}) <= 1
    except csv.Error:
        records, whole = [], False
    if whole and records and records[0]:
        rows = [(n, cells) for n, cells in enumerate(records, 1) if cells]
        return Table(header=tuple(rows[0][1]), rows=rows[1:], broken=[], ends=ends, utf8=utf8)
    return _line_by_line(text, ends=ends, utf8=utf8)


def _line_by_line(text: str, *, ends: bool, utf8: bool) -> Table:
    lines = list(io.StringIO(text, newline=""))
    header: tuple[str, ...] = ()
    rows: list[tuple[int, list[str]]] = []
    broken: list[tuple[int, str]] = []
    at = row = 0
    while at < len(lines):
        row += 1
        cells, used, problem = _record(lines, at)
        if cells and not problem and header and len(cells) != len(header):
            problem = f"has {len(cells)} cells, expected {len(header)}"
        at += 1 if problem else used
        if problem:
            broken.append((row, problem))
            if len(broken) >= _BROKEN_LIMIT and at < len(lines):
                broken.append((row + 1, f"and the {len(lines) - at:,} lines from there on were not read"))
                break
        elif cells and not header:
            header = tuple(cells)
        elif cells:
            rows.append((row, cells))
        if not header and row == 1:
            break
    return Table(header=header, rows=rows, broken=broken, ends=ends, utf8=utf8)


def _record(lines: Sequence[str], at: int) -> tuple[list[str], int, str]:
    """Parse the record that begins at a line: its cells, the number of lines it spans, and what is wrong with it."""
    reader = csv_records((lines[n] for n in range(at, len(lines))), strict=True)
    try:
        cells = next(reader)
    except (csv.Error, StopIteration) as error:
        return [], 1, f"is broken: {error}"
    return cells, reader.line_num, "has a NUL character" if any("\0" in cell for cell in cells) else ""
