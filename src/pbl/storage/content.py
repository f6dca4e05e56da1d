"""Hash the ids and numbers of rows, the same however the rows are kept, and however they are cut into pieces.

`blending` names what a Parquet file says by it, and `checks` finds by it whether files have the same ids in one order.
"""

from __future__ import annotations

import hashlib
from typing import TYPE_CHECKING

from pbl.storage._arrow_doubles import read_doubles

if TYPE_CHECKING:
    from collections.abc import Sequence
    from hashlib import _Hash as Hash

    import polars as pl

_WORD = (1 << 64) - 1


class Content:
    r"""The SHA-256 of ids and numbers in order, the same in any file and however the file is cut into pieces.

    It is the hash of the columns' names, a line each, and the hashes in hex of the columns, a line each: of the ids as
    lines (a line end in an id written as \n, a backslash as two), of the numbers as little-endian doubles.
    """

    def __init__(self, names: Sequence[str], *, recorded: bool = True) -> None:
        """Begin with no rows; without `recorded` there is only a fingerprint to compare, which is cheaper."""
        self.rows = 0
        self._ids = 0
        self._recorded = recorded
        self._names = names
        self._columns = [hashlib.sha256() for _ in names]

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows: a column of text, then columns of doubles."""
        import polars as pl

        ids, *numbers = frame.get_columns()
        if not len(ids):
            return
        places = pl.int_range(2 * self.rows + 1, 2 * (self.rows + len(ids)), 2, dtype=pl.UInt64, eager=True)
        self._ids = (self._ids + int((ids.hash() * places).sum())) & _WORD
        self.rows += len(ids)
        for digest, column in zip(self._columns[1:], numbers, strict=True):
            for doubles in read_doubles(column):
                digest.update(doubles)
        if self._recorded:
            hash_ids(self._columns[0], ids)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """Return a value that is equal for equal rows within one process: it has polars' own hash of the ids."""
        return self.rows, self._ids, *(digest.digest() for digest in self._columns[1:])

    def hexdigest(self) -> str:
        """Return the hash of all rows."""
        lines = [*self._names, *(digest.hexdigest() for digest in self._columns)]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


def hash_ids(digest: Hash, ids: pl.Series) -> None:
    r"""Add ids to a hash, as lines that no other ids give: a line end in an id as \n, a backslash as two."""
    lines = _join(ids)
    if lines.count(b"\n") >= len(ids) or b"\\" in lines:
        lines = _join(ids.str.replace_many(["\\", "\n"], ["\\\\", "\\n"]))
    digest.update(lines)
    digest.update(b"\n")


def _join(ids: pl.Series) -> bytes:
    """Return ids with line ends between them, without making Python strings."""
    import polars as pl

    return ids.str.join("\n").cast(pl.Binary).item()  # type: ignore[no-any-return]
