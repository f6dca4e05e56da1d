"""The rows of a plain file in blocks, read by polars: the same cells as from `rows`, fifty times as fast.

`checks` and `blending` read large files with it. A block is hashed, scanned and parsed from the same bytes, so that the
file is read once.
"""

from __future__ import annotations

import codecs
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.errors import Unclear
from pbl.reading._scan import HEAD, RECORD_LIMIT, Scanner
from pbl.reading.survey import conclude

if TYPE_CHECKING:
    from collections.abc import Generator

    import polars as pl

    from pbl.domain.contract import Contract
    from pbl.reading.survey import OpenFile, Preview, Survey

_TAIL = 1 << 10
"""The part of a block that is first searched for its last line end."""


@dataclass(frozen=True, kw_only=True)
class Block:
    """Some rows of a file: the columns id, t0, t1, ...

    Cells are text; targets may be float64 if no cell has white space (not `spaced`).
    """

    frame: pl.DataFrame
    spaced: bool


def read_blocks(
    file: OpenFile, preview: Preview, contract: Contract, *, ids_only: bool, numbers: bool, size: int
) -> Generator[Block, None, Survey]:
    """Yield a file's rows in order, in blocks of `size` bytes, and return its survey.

    With `numbers`, targets are float64 if they can be; then nan and inf are accepted, and a number too large is inf.
    Raises Unclear if a row differs in width from the header, a cell is empty or no number, or the file is found not to
    be plain; then blocks that were already yielded must not be used.
    """
    with Scanner(_read(file.fd, HEAD, 0), hashed=True) as scanner:
        width = len(preview.header.names)
        all_cells = width == (1 if ids_only else len(preview.header.columns))  # then a row of another width shows
        for lines, skimmed in _read_lines(file, scanner, size, skim=all_cells):
            frame = _parse(lines, preview, ids_only=ids_only, numbers=numbers and not scanner.spaced)
            if skimmed:
                scanner.count_rows(len(frame), width)
            yield Block(frame=frame, spaced=scanner.spaced)
        survey = conclude(file, contract, scanner.scan())
    if not survey.plain or survey.header != preview.header:
        raise Unclear("the file is not as it began")
    return survey


def _parse(lines: bytes, preview: Preview, *, ids_only: bool, numbers: bool) -> pl.DataFrame:
    import polars as pl

    header = preview.header
    columns = header.columns[:1] if ids_only else header.columns
    names = [f"c{place}" for place in range(len(header.names))]
    number = pl.Float64 if numbers else pl.String
    schema = {name: number if place in columns[1:] else pl.String for place, name in enumerate(names)}
    picked = {name: "id" if place == 0 else f"t{place - 1}" for place, name in enumerate(names[c] for c in columns)}
    if lines.startswith(codecs.BOM_UTF8, 1):  # polars would leave it out, and it is part of an id
        raise Unclear("a line begins with a byte-order mark")
    try:
        frame = pl.read_csv(lines, schema=schema, has_header=False, skip_lines=1, quote_char=None)
    except pl.exceptions.PolarsError as error:
        raise Unclear(str(error)) from error
    # Others may be empty. A row that is too short leaves one that is too long in a plain file.
    frame = frame.select(pl.col(name).alias(alias) for name, alias in picked.items())
    if any(frame.null_count().row(0)):
        raise Unclear("a cell is empty, or missing")
    return frame


def _read_lines(file: OpenFile, scanner: Scanner, size: int, *, skim: bool) -> Generator[tuple[bytes, bool]]:
    """Scan the lines below the header and yield them in blocks, each behind a line end, and whether it was skimmed.

    The line end keeps polars from reading a block's first bytes as those of an archive.
    """
    head = _read(file.fd, RECORD_LIMIT, 0)
    at = head.find(b"\n") + 1
    scanner.look(head[:at])
    while at < file.size:
        end = _cut(file.fd, at, at + size) if at + size < file.size else file.size
        block = _read(file.fd, end - at + 1, at - 1)  # with the line end before it, so that nothing is copied
        if not block.startswith(b"\n"):
            raise Unclear("the file has changed")
        skimmed = skim and scanner.skim(block, after=b"\n")
        if not skimmed:
            scanner.look(block, after=b"\n")
        if scanner.odd:
            raise Unclear("a byte is odd")
        yield block, skimmed
        at = end


def _cut(fd: int, at: int, end: int) -> int:
    """Return where the last line that is whole before `end` ends."""
    for tail in ((end - at) // _TAIL + 1, end - at):
        found = _read(fd, tail, end - tail).rfind(b"\n")
        if found >= 0:
            return end - tail + found + 1
    raise Unclear("a line is longer than a block")


def _read(fd: int, size: int, at: int) -> bytes:
    try:
        return os.pread(fd, size, at)
    except OSError as error:  # the survey meets it too, and says so
        raise Unclear(str(error)) from error
