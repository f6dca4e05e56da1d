"""Read a plain file in blocks, by polars: the cells that `tokenize` gives, at fifty times its pace."""

from __future__ import annotations

import codecs
import os
from typing import TYPE_CHECKING

from pbl.domain.errors import Malformed
from pbl.reading._scan import RECORD_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl

    from pbl.reading.survey import Survey

LARGE = 32 << 20
"""Bytes from which on it is worth to load polars."""
_IDS_A_PART = 16_000_000
_BYTES = 4 << 20
"""More than any record may have."""
_TAIL = 4096


def blocks(source: Survey, columns: Sequence[int], *, numbers: bool, times: int = 1) -> Iterator[pl.DataFrame]:
    """Yield a plain file's rows in order, as frames: the text `id` and t0, t1, ..., text or, with `numbers`, float64.

    `columns` says where they stand in a row, the id first. Of numbers, nan and inf are taken, as is white space in
    front, and one too large is inf. Each frame is of some mebibytes, or of so many `times` more. Raises Malformed if a
    row has other than the header's cells or one is empty, or isn't a number, and where the file can't be read.
    """
    import polars as pl

    names = [f"c{place}" for place in range(len(source.header))]
    number = pl.Float64 if numbers else pl.String
    schema = {name: number if place in columns[1:] else pl.String for place, name in enumerate(names)}
    picked = {name: "id" if place == 0 else f"t{place - 1}" for place, name in enumerate(names[c] for c in columns)}
    for block in _whole_lines(source, times * _BYTES):
        if block.startswith(codecs.BOM_UTF8, 1):  # polars would leave it out, and it is part of an id
            raise Malformed("a line begins with a byte-order mark")
        try:
            frame = pl.read_csv(block, schema=schema, has_header=False, skip_lines=1, quote_char=None)
        except pl.exceptions.PolarsError as error:
            raise Malformed(str(error)) from error
        # Others may be empty. A row that is too short leaves one that is too long in a plain file.
        frame = frame.select(pl.col(name).alias(alias) for name, alias in picked.items())
        if any(frame.null_count().row(0)):
            raise Malformed("a cell is empty, or missing")
        yield frame


class Seen:
    """What is known of rows once they have gone by, some at a time: how many, whose ids differ, in which ranges."""

    def __init__(self) -> None:
        self.rows = 0
        self._hashes: list[pl.Series] = []
        self._ranges: dict[str, tuple[float, float, float]] = {}

    def look(self, frame: pl.DataFrame, *, ids_only: bool = False) -> None:
        """Take note of rows: of their ids, case aside, and of their numbers."""
        import polars as pl

        hashes = frame.lazy().select(pl.col("id").str.to_lowercase().hash()).collect()  # by all cores, as it is lazy
        self._hashes.append(hashes.to_series())
        self.rows += len(frame)
        if ids_only:
            return
        names = [name for name in frame.columns if name != "id"]
        every = pl.col(names)
        facts = (frame.select(each).row(0) for each in (every.min(), every.max(), every.abs().sum()))
        for name, least, most, size in zip(names, *facts, strict=True):
            self.note(name, least, most, size)

    def note(self, name: str, least: float, most: float, size: float) -> None:
        """Take note of some rows' numbers in a column: the least, the largest and the sum of their sizes."""
        before = self._ranges.get(name, (least, most, 0.0))
        self._ranges[name] = min(before[0], least), max(before[1], most), before[2] + size

    def looking(self, frames: Iterable[pl.DataFrame], *, ids_only: bool = False) -> Iterator[pl.DataFrame]:
        """Yield frames, having taken note of each."""
        for frame in frames:
            self.look(frame, ids_only=ids_only)
            yield frame

    def distinct(self) -> bool:
        """Say whether all ids are known to differ, and by more than case: different hashes prove different ids."""
        import polars as pl

        parts = 1 + self.rows // _IDS_A_PART  # a part of all hashes at a time takes that much less memory
        bounds = [(part << 64) // parts for part in range(parts)]
        different = 0
        for least, most in zip(bounds, [*bounds[1:], 1 << 64], strict=True):
            hashes = [h if parts == 1 else h.filter(h.is_between(least, most - 1)) for h in self._hashes]
            different += pl.concat(hashes).n_unique()
        return different == self.rows

    def profile(self) -> dict[str, float]:
        """Return the least and the largest number of each column, and the mean of their sizes."""
        found: dict[str, float] = {}
        for name, (least, most, size) in self._ranges.items():
            found |= {f"{name}_min": least, f"{name}_max": most, f"{name}_size": size / self.rows}
        return found


def _whole_lines(source: Survey, size: int) -> Iterator[bytes]:
    """Yield the lines below the header in blocks, each of which begins with the line end before it.

    Whatever a line begins with, it isn't taken for an archive's first bytes then.
    """
    fd, whole = source.fd or 0, source.size or 0
    at = _read(fd, RECORD_LIMIT, 0).find(b"\n")
    while 0 <= at < whole - 1:
        end = _cut(fd, at, at + size) if at + size < whole else whole
        yield _read(fd, end - at, at)
        at = end - 1


def _cut(fd: int, at: int, end: int) -> int:
    """Return where the last line that is whole before `end` ends."""
    for tail in (_TAIL, end - at - 1):
        start = max(end - tail, at + 1)
        found = _read(fd, end - start, start).rfind(b"\n")
        if found >= 0:
            return start + found + 1
    raise Malformed("a line is longer than a block")


def _read(fd: int, size: int, at: int) -> bytes:
    try:
        return os.pread(fd, size, at)
    except OSError as error:  # looking the file over meets it too, and says so
        raise Malformed(str(error)) from error
