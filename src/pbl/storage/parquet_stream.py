"""Frames written as one Parquet file, as they come, and a hash of what they hold.

polars writes; its bytes go where the caller puts them, so that a full disk is met, and said, as with any other file.
"""

from __future__ import annotations

import hashlib
import io
import sys
from array import array
from typing import IO, TYPE_CHECKING, cast

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    import polars as pl

_ROWS = 262_144
"""Rows of a row group."""
_BEYOND = str.maketrans({"\\": "\\\\", "\n": "\\n"})


class Content:
    r"""The SHA-256 of ids and numbers in order, whatever file holds them and however it is cut into pieces.

    It is the hash of the columns' names, a line each, and the hashes in hex of the columns, a line each: of the ids as
    lines (a line end in an id written as \n, a backslash as two), of the numbers as little-endian doubles.
    """

    def __init__(self, names: Sequence[str]) -> None:
        self.rows = 0
        self._names = names
        self._columns = [hashlib.sha256() for _ in names]

    def add(self, frame: pl.DataFrame) -> None:
        """Take rows in: a column of text, then columns of doubles."""
        ids, *numbers = frame.get_columns()
        self.rows += len(ids)
        if not len(ids):
            return
        odd = ids.str.contains_any(["\\", "\n"]).any()
        lines = "\n".join(text.translate(_BEYOND) for text in ids) if odd else ids.str.join("\n").item()
        self._columns[0].update(f"{lines}\n".encode())
        for digest, column in zip(self._columns[1:], numbers, strict=True):
            doubles = array("d", column.to_list())
            if sys.byteorder == "big":
                doubles.byteswap()
            digest.update(doubles.tobytes())

    def hexdigest(self) -> str:
        """Return the hash of all that was taken in."""
        lines = [*self._names, *(digest.hexdigest() for digest in self._columns)]
        return hashlib.sha256("".join(f"{line}\n" for line in lines).encode()).hexdigest()


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
    """A file that polars writes to; the first error is kept, as all that is left of it is its text."""

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
