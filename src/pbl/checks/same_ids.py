"""Find Parquet files whose ids are, byte for byte, those of another one, so that they need not be read again.

`validate` and `blending` ask before they read. Files that one program wrote from the same ids in one order often keep
them so. Equal bytes that are read in the same way, by the footers, are equal ids; of all others nothing is said.
"""

from __future__ import annotations

import hashlib
import os
from collections import Counter
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
_FEWEST = 2
"""The least number of files that can be alike."""


@dataclass(frozen=True, kw_only=True)
class _Chunk:
    """Where the bytes of a column are in one row group; `kind` says how they are read."""

    fd: int
    start: int
    size: int
    rows: int
    kind: str


def find_same_ids(duck: Duck, files: Sequence[Source | None], contract: Contract) -> list[int]:
    """Return for each file the place of the first that has its ids in its order, as far as their bytes tell."""
    parts = {place: file for place, file in enumerate(files) if isinstance(file, PartsFile)}
    if len(parts) < _FEWEST:
        return [*range(len(files))]
    chunks = {place: _find_chunks(duck, file, contract.id) for place, file in parts.items()}
    kinds = {place: tuple((c.size, c.rows, c.kind) for c in found) for place, found in chunks.items() if found}
    common = Counter(kinds.values())
    firsts: dict[object, int] = {}
    places = []
    for place in range(len(files)):
        kind = kinds.get(place)
        digest = _hash(chunks[place]) if kind and common[kind] >= _FEWEST else None
        places.append(firsts.setdefault((kind, digest) if digest else place, place))
    return places


def _find_chunks(duck: Duck, file: PartsFile, column: str) -> list[_Chunk]:
    """Return the chunks of a column; none if there is anything unusual about them.

    A reader takes a chunk by its place in the row group, whatever it is called there.
    """
    if not all(
        column in part.columns and not any(kind.is_nested() for kind in part.columns.values()) for part in file.parts
    ):
        return []
    try:
        found = duck.chunks([part.file.fd for part in file.parts], column)
    except (EngineError, Unclear):
        return []
    chunks = [
        _Chunk(fd=file.parts[part].file.fd, start=start, size=size, rows=rows, kind=kind)
        for part, place, rows, start, size, kind in found
        if place == list(file.parts[part].columns).index(column)
    ]
    return chunks if sum(chunk.rows for chunk in chunks) == file.rows else []


def _hash(chunks: Sequence[_Chunk]) -> str | None:
    """Return the SHA-256 of all bytes of chunks; None if they can't be read."""
    digest = hashlib.sha256()
    for chunk in chunks:
        for done in range(0, chunk.size, _BLOCK):
            try:
                block = os.pread(chunk.fd, due := min(_BLOCK, chunk.size - done), chunk.start + done)
            except OSError:
                return None
            if len(block) != due:
                return None
            digest.update(block)
    return digest.hexdigest()
