"""Find Parquet files whose ids are, byte for byte, those of another one, so that they need not be read again.

`validate` and `blending` ask before they read. Files that one program wrote from the same ids in one order often keep
them so. Equal bytes that are read in the same way, by the footers, are equal ids; of all others nothing is said.
"""

from __future__ import annotations

import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.errors import EngineError, Unclear
from pbl.reading.parquet import PartsFile

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.domain.contract import Contract
    from pbl.engine.duck import Duck
    from pbl.reading.sources import Source

_BLOCK = 1 << 20


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """The bytes of a column in one row group; `kind` says how they are read."""

    fd: int
    start: int
    size: int
    rows: int
    kind: str


def find_same_ids(duck: Duck, files: Sequence[Source | None], contract: Contract) -> list[int]:
    """Return for each file the place of the first that has its ids in its order, as far as their bytes tell."""
    chunks = {
        place: found
        for place, file in enumerate(files)
        if isinstance(file, PartsFile) and (found := _find_chunks(duck, file, contract.id))
    }
    firsts: list[int] = []
    for place in range(len(files)):
        mine = chunks.get(place)
        firsts.append(next((n for n in sorted({*firsts}) if mine and _are_same(chunks.get(n, []), mine)), place))
    return firsts


def _find_chunks(duck: Duck, file: PartsFile, column: str) -> list[_Chunk]:
    """Return the chunks of a column; none if there is anything unusual about them."""
    if not all(column in part.columns for part in file.parts):
        return []
    try:
        found = duck.chunks([part.file.fd for part in file.parts], column)
    except (EngineError, Unclear):
        return []
    chunks = []
    for place, rows, dictionary, data, size, kind in found:
        part = file.parts[place]
        if data is None or (dictionary is not None and not 0 < dictionary < data):
            return []
        start = data if dictionary is None else dictionary
        read = f"{part.columns[column]!r} {data - start} {kind}"
        chunks.append(_Chunk(fd=part.file.fd, start=start, size=size, rows=rows, kind=read))
    return chunks if sum(chunk.rows for chunk in chunks) == file.rows else []


def _are_same(ones: Sequence[_Chunk], others: Sequence[_Chunk]) -> bool:
    if [(one.size, one.rows, one.kind) for one in ones] != [(other.size, other.rows, other.kind) for other in others]:
        return False
    try:
        return all(_same_bytes(one, other) for one, other in zip(ones, others, strict=True))
    except OSError:
        return False


def _same_bytes(one: _Chunk, other: _Chunk) -> bool:
    for done in range(0, one.size, _BLOCK):
        due = min(_BLOCK, one.size - done)
        block = os.pread(one.fd, due, one.start + done)
        if len(block) != due or block != os.pread(other.fd, due, other.start + done):
            return False
    return True
