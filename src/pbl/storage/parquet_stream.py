"""Write frames as one Parquet file, one after the other, and hash their ids and numbers.

`blending` writes with it. polars encodes, and the caller writes the bytes, so that a full disk gives the same error as
for any other file.
"""

from __future__ import annotations

import hashlib
import io
from typing import IO, TYPE_CHECKING, cast

from pbl.storage._arrow_doubles import read_doubles

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

_WORD = (1 << 64) - 1
_ROWS = 131_072
"""Rows of a row group."""
_BEYOND = str.maketrans({"\\": "\\\\", "\n": "\\n"})


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
            self._add_ids(ids)

    @property
    def fingerprint(self) -> tuple[object, ...]:
        """Return a value that is equal for equal rows within one process: it has polars' own hash of the ids."""
        return self.rows, self._ids, *(digest.digest() for digest in self._columns[1:])

    def hexdigest(self) -> str:
        """Return the hash of all rows."""
        lines = [*self._names, *(digest.hexdigest() for digest in self._columns)]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()

    def _add_ids(self, ids: pl.Series) -> None:
        import polars as pl

        lines = ids.str.join("\n").cast(pl.Binary).item()  # without making Python strings
        if lines.count(b"\n") >= len(ids) or b"\\" in lines:
            lines = "\n".join(text.translate(_BEYOND) for text in ids).encode()
        self._columns[0].update(lines)
        self._columns[0].update(b"\n")


def write_parquet(frames: Iterator[pl.DataFrame], names: Sequence[str], put: Callable[[bytes], None]) -> None:
    """Write frames (a column of text, then columns of doubles) as Parquet; raises what the frames or `put` raise."""
    import polars as pl
    from polars.io.plugins import register_io_source

    troubles: list[BaseException] = []

    def rows(*_: object) -> Iterator[pl.DataFrame]:
        try:
            yield from frames
        except BaseException as error:
            troubles.append(error)
            raise

    schema = {name: pl.Float64 if place else pl.String for place, name in enumerate(names)}
    stream = _Stream(put, troubles)
    try:
        register_io_source(rows, schema=schema).sink_parquet(
            cast("IO[bytes]", stream), compression="zstd", statistics=True, row_group_size=_ROWS, engine="streaming"
        )
    except BaseException as error:
        if troubles:
            raise troubles[0] from error
        raise
    if troubles:
        raise troubles[0]


class _Stream(io.RawIOBase):
    """A file that polars writes to; the first error is kept, as polars keeps only its text."""

    def __init__(self, put: Callable[[bytes], None], troubles: list[BaseException]) -> None:
        super().__init__()
        self._put, self._troubles = put, troubles

    def writable(self) -> bool:
        return True

    def write(self, data: bytes) -> int:  # type: ignore[override] # of all buffers this is what it is given
        try:
            self._put(data)
        except BaseException as error:
            self._troubles.append(error)
            raise
        return len(data)
