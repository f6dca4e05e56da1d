"""Join the parts of one pillar into one Parquet file, as a dataset on Kaggle has no folders.

`pack` calls it. The file is read back, and must hold the ids and numbers of the parts.
"""

from __future__ import annotations

import os
from contextlib import closing
from typing import TYPE_CHECKING

from pbl.domain.errors import OutputError
from pbl.domain.limits import Limits
from pbl.reading.parquet import open_parts
from pbl.reading.parquet_rows import read_rows
from pbl.storage.content import Content
from pbl.storage.files import hash_descriptor, write_all
from pbl.storage.parquet_stream import write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from pbl.domain.contract import Contract
    from pbl.reading.parquet import PartsFile


def join_parts(source: PartsFile, to: Path, contract: Contract) -> tuple[int, str]:
    """Write the rows of checked parts as one new file, durable and read back; return its size and its hash in hex."""
    held = Content(contract.columns, recorded=False)

    def rows() -> Iterator[pl.DataFrame]:
        for frame in _read(source, contract):
            held.add(frame)
            yield frame

    with to.open("x+b", buffering=0) as file:
        write_parquet(rows(), contract.columns, lambda data: write_all(file.fileno(), data))
        os.fsync(file.fileno())
        size, digest = file.tell(), hash_descriptor(file.fileno())
    back = Content(contract.columns, recorded=False)
    written = open_parts(to, None)
    with closing(written):
        for frame in _read(written, contract):
            back.add(frame)
    if back.fingerprint != held.fingerprint:
        raise OutputError(f"{to.name}: not written: what was read back is not what the parts hold")
    return size, digest


def _read(source: PartsFile, contract: Contract) -> Iterator[pl.DataFrame]:
    """Yield rows under the contract's names."""
    for frame in read_rows(source, contract, Limits(), ids_only=False):
        yield frame.rename(dict(zip(frame.columns, contract.columns, strict=True)))
