"""Numbers in columns that fit a terminal: one form for every number, and wide tables split into parts below each other.

Used by the results of `score` and `tune`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show.columns import measure, pad

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

WIDTH = 80
NONE = "\N{EN DASH}"
_BETWEEN = 2
_LARGE, _SMALL, _ROUNDING = 1000, 0.001, 1e-12


def number(value: float | None, *, signed: bool = False) -> str:
    """Return a number with five decimals, a large one with 7 and a small one with 3 digits, and a dash for None."""
    if value is None:
        return NONE
    sign = "+" if signed else ""
    size = abs(value) if abs(value) >= _ROUNDING else 0.0
    if size >= _LARGE:
        return f"{value:{sign}.7g}"
    return f"{size and value:{sign}.5f}" if size >= _SMALL or not size else f"{value:{sign}.3g}"


def interval(bounds: Sequence[float] | None, *, signed: bool = False) -> str:
    """Return both ends of an interval."""
    return "" if bounds is None else " to ".join(number(each, signed=signed) for each in bounds)


def columns(table: Sequence[Sequence[str]], *, left: int = 1) -> Iterator[str]:
    """Yield the lines of a table given row by row, the header first; the first `left` columns are flush left.

    Columns that don't fit beside the first one follow below, with the first one repeated.
    """
    wide = [max(map(measure, cells)) for cells in zip(*table, strict=True)]
    rest = list(range(1, len(wide)))
    first = True
    while rest or first:
        room = WIDTH - wide[0]
        taken: list[int] = []
        while rest and (not taken or room >= wide[rest[0]] + _BETWEEN):
            room -= wide[rest[0]] + _BETWEEN
            taken.append(rest.pop(0))
        if not first:
            yield ""
        first = False
        for row in table:
            cells = [pad(row[at], wide[at], right=at >= left) for at in (0, *taken)]
            yield (" " * _BETWEEN).join(cells).rstrip()
