"""Read a plain file in blocks, by polars: the cells that `tokenize` gives, at fifty times its pace."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING, TypeVar

from pbl.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Sequence

    import polars as pl

    from pbl.reading import Survey

T = TypeVar("T")
LARGE = 32 << 20
"""Bytes from which on it is worth to load polars."""
ROW_GROUP = 122_880
"""Rows that the database keeps together; it takes such parts in, and finds them, ten times as fast as smaller ones."""
_BYTES = 4 << 20
"""More than any record may have."""


def blocks(source: Survey, columns: Sequence[int], *, numbers: bool) -> Iterator[pl.DataFrame]:
    """Yield a plain file's rows in order, as frames: the text `id` and t0, t1, ..., text or, with `numbers`, float64.

    `columns` says where they stand in a row, the id first. Of numbers, nan and inf are taken, as is white space in
    front, and one too large is inf. Raises Malformed if a row has other than the header's cells or one is empty, or
    isn't a number.
    """
    import polars as pl

    names = [f"c{place}" for place in range(len(source.header))]
    number = pl.Float64 if numbers else pl.String
    schema = {name: number if place in columns[1:] else pl.String for place, name in enumerate(names)}
    # A header of ours before each block: whatever a block begins with, it isn't taken for a mark or for an archive.
    header = ",".join(names).encode() + b"\n"
    picked = {name: "id" if place == 0 else f"t{place - 1}" for place, name in enumerate(names[c] for c in columns)}
    for block in _whole_lines(source):
        try:
            frame = pl.read_csv(header + block, schema=schema, quote_char=None)
        except pl.exceptions.PolarsError as error:
            raise Malformed(str(error)) from error
        if any(frame.null_count().row(0)):
            raise Malformed("a cell is empty, or missing")
        yield frame.select(pl.col(name).alias(alias) for name, alias in picked.items())


def batched(frames: Iterable[pl.DataFrame], height: int = ROW_GROUP) -> Iterator[pl.DataFrame]:
    """Yield the rows of frames in larger ones, all of one height but the last."""
    import polars as pl

    waiting: list[pl.DataFrame] = []
    for frame in frames:
        waiting.append(frame)
        if sum(map(len, waiting)) < height:
            continue
        whole = pl.concat(waiting)
        full = len(whole) // height * height
        for start in range(0, full, height):
            yield whole[start : start + height]
        waiting = [whole[full:]]
    if any(map(len, waiting)):
        yield pl.concat(waiting)


def ahead(frames: Iterator[T]) -> Iterator[T]:
    """Yield frames while the next one is being made, in another thread."""
    from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - it takes longer to load than a small file

    with ThreadPoolExecutor(1) as thread:
        due = thread.submit(next, frames, None)
        while (frame := due.result()) is not None:
            due = thread.submit(next, frames, None)
            yield frame


def _whole_lines(source: Survey) -> Iterator[bytes]:
    """Yield the bytes below the header, cut at line ends."""
    fd = source.fd or 0
    at = os.pread(fd, _BYTES, 0).find(b"\n") + 1
    while block := os.pread(fd, _BYTES, at):
        end = block.rfind(b"\n") + 1 or len(block)
        yield block[:end]
        at += end
