"""Encode rows of a run log as cells, and decode cells as rows; only this module knows how a value is written.

`log_run` and `import_scores` encode; `_log_files` decodes, and names each cell that holds no value of its column.
"""

from __future__ import annotations

import json
import math
import re
from functools import lru_cache
from typing import TYPE_CHECKING, Any, NamedTuple

from pbl.domain.run_row import COLUMNS, OBJECTS, SCORES, RunRow, SpelledNumber
from pbl.domain.values import decimal, moment, stamp
from pbl.storage.csv_text import escape_formula

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

_FREE = frozenset({"pillar", "model", "metric", "method", "submission", "kaggle_ref", "kaggle_run_type", "notes"})
"""Columns of text that a user may have typed."""
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_DIGITS = 18


class Odd(NamedTuple):
    """A cell that holds no value of its column; the row has none there."""

    column: str
    cell: str
    problem: str

    def __str__(self) -> str:
        return f"{self.column} is {self.cell[:80]!r}, {self.problem}"


def encode_row(row: RunRow) -> list[str]:
    """Return a row's cells, in the order of COLUMNS."""
    return [encode_value(column, getattr(row, column)) for column in COLUMNS]


def encode_value(column: str, value: Any) -> str:  # noqa: ANN401 - of any column
    """Return a value as a log's cell; an unknown value is an empty cell, and a formula is escaped."""
    if value is None:
        return ""
    if isinstance(value, str):
        return defuse(value) if column in _FREE else value
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, SpelledNumber):
        return value.text
    if isinstance(value, int | float):
        return repr(value)
    return json.dumps(dict(value), allow_nan=False) if column in OBJECTS else stamp(value)


def row_decoder(columns: Sequence[str]) -> Callable[[Sequence[str], list[Odd]], RunRow]:
    """Return a function that makes rows of the cells of a log with these columns; a column `""` is ignored.

    It adds each cell at fault to the list that it is given.
    """
    readers = [_READERS.get(column) for column in columns]

    def decode(cells: Sequence[str], odd: list[Odd]) -> RunRow:
        values: dict[str, Any] = {}
        for column, read, cell in zip(columns, readers, cells, strict=True):
            if cell and column:
                values[column] = value = cell if read is None else read(cell)
                if value is None:
                    odd.append(Odd(column, cell, _PROBLEMS[column]))
        return RunRow(**values)

    return decode


def decode_text(column: str, cell: str) -> str:
    """Return the text of a cell of a text column, without the escape of a formula."""
    return _free_text(cell) if cell and column in _FREE else cell


def defuse(text: str) -> str:
    """Escape a text that a spreadsheet would run as a formula; `decode_text` gives the text again."""
    return f"'{text}" if _ESCAPED.match(text) else escape_formula(text)


def _free_text(cell: str) -> str:
    return cell[1:] if cell[0] == "'" and _ESCAPED.match(cell) else cell


def _count(cell: str) -> int | None:
    return int(cell) if cell.isascii() and cell.isdigit() and len(cell) <= _DIGITS else None


@lru_cache(maxsize=1000)
def _shares(cell: str) -> Mapping[str, float] | None:
    table = _object(cell, {float, int})
    try:
        return table if table is not None and all(map(math.isfinite, table.values())) else None
    except OverflowError:  # a whole number that no double holds
        return None


@lru_cache(maxsize=1000)
def _hashes(cell: str) -> Mapping[str, str] | None:
    return _object(cell, {str})


def _object(cell: str, types: set[type]) -> Mapping[str, Any] | None:
    try:
        table = json.loads(cell)
    except (ValueError, RecursionError):
        return None
    return table if isinstance(table, dict) and types.issuperset(map(type, table.values())) else None


_TYPES: Mapping[str, tuple[Callable[[str], Any], str]] = {
    **dict.fromkeys((*SCORES, "clip_min", "clip_max"), (decimal, "not a finite decimal number")),
    **dict.fromkeys(("rows", "clipped"), (_count, "not a whole number")),
    **dict.fromkeys(("git_dirty", "kaggle_rerun"), ({"true": True, "false": False}.get, "neither true nor false")),
    "weights": (_shares, "not a JSON object of finite numbers"),
    "inputs": (_hashes, "not a JSON object of texts"),
    "logged_at": (moment, "no moment in time"),
}
"""For each column the function that reads its cells, and the message for cells that have no value."""
_READERS = dict.fromkeys(_FREE, _free_text) | {column: read for column, (read, _) in _TYPES.items()}
_PROBLEMS = {column: problem for column, (_, problem) in _TYPES.items()}
