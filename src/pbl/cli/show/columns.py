"""Columns of text, aligned by the width that a terminal gives each letter.

The tables of `show` are made with it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from unicodedata import combining, east_asian_width

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def align(rows: Sequence[Sequence[str]], *, between: int = 2) -> Iterable[str]:
    """Yield the rows as lines, each column as wide as its widest cell and the last one ragged."""
    wide = [max(map(measure, column)) for column in zip(*rows, strict=True)]
    for row in rows:
        cells = [pad(cell, width) for cell, width in zip(row, wide, strict=True)]
        yield (" " * between).join(cells).rstrip()


def pad(text: str, width: int, *, right: bool = False) -> str:
    """Return a text with spaces up to a width."""
    gap = " " * (width - measure(text))
    return gap + text if right else text + gap


def measure(text: str) -> int:
    """Return the number of a terminal's columns that a text takes."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(c) in "WF" else not combining(c) for c in text)
