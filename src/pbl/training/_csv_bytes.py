"""Write rows as CSV: LF, numbers as the shortest text that reads back to the same double.

Used for every table that `fit` and `predict` write.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.storage.csv_text import csv_line

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence


def csv_bytes(header: Sequence[str], rows: Iterable[Sequence[object]]) -> bytes:
    """Return a table; floats come as `repr` gives them."""
    return "".join(f"{csv_line(row)}\n" for row in (header, *rows)).encode()
