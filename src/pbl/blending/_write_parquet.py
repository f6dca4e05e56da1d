"""Write the blend as Parquet into a draft, batch by batch, read it back and compare.

The counterpart of `_write`, which writes CSV. Both the bytes and the rows that they hold are compared in the end.
"""

from __future__ import annotations

import hashlib
import os
from contextlib import closing
from typing import TYPE_CHECKING, Any

from pbl.blending._write import Written, blend_ahead, read_back_error, require_finite
from pbl.blending.formula import Summary
from pbl.domain.errors import OutputError, UnreadableError
from pbl.reading.parquet import open_parts
from pbl.reading.parquet_rows import read_rows
from pbl.reading.prefetch import threads
from pbl.storage.content import Content
from pbl.storage.parquet_stream import write_parquet

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from pbl.blending.formula import Formula
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.reading.prefetch import Pull
    from pbl.storage.commit import Draft


def write_parquet_batches(
    batches: Pull[pl.DataFrame, Any], formula: Formula, contract: Contract, draft: Draft, *, limits: Limits
) -> Written:
    """Write the blend of batches (columns id, n0_0, n0_1, ...) as they come.

    Raises OutputError if what is read back is not what was blended.
    """
    digest, size, summary = hashlib.sha256(), 0, Summary(below=(0,) * len(formula.factors))
    content = Content(contract.columns)

    def put(data: bytes) -> None:
        nonlocal size
        draft.write(data)
        digest.update(data)
        size += len(data)

    def rows() -> Iterator[pl.DataFrame]:
        nonlocal summary
        with closing(blend_ahead(batches, formula, draft, limits, workers=1)) as blends:
            for ids, blend in blends:
                frame = _frame(ids, blend, contract, draft)
                summary += formula.summarize_rows(blend)
                content.add(frame)
                yield frame

    with draft.explain_os_errors():
        os.ftruncate(draft.fd, 0)
        os.lseek(draft.fd, 0, os.SEEK_SET)
    with closing(batches):
        write_parquet(rows(), contract.columns, put)
    require_finite(summary)
    with threads(1) as pool:
        synced = pool.submit(draft.sync)  # the disk has time meanwhile
        if draft.sha256() != digest.hexdigest():
            raise read_back_error(draft)
        if read_fingerprint(draft.path, contract, limits) != content.fingerprint or content.rows != summary.rows:
            raise read_back_error(draft)
        synced.result()
    return Written(sha256=digest.hexdigest(), size=size, summary=summary, content=content.hexdigest())


def read_fingerprint(path: Path, contract: Contract, limits: Limits) -> tuple[object, ...]:
    """Return the fingerprint of the rows of a Parquet file with the contract's columns; an empty one of other files."""
    import polars as pl

    content = Content(contract.columns, recorded=False)
    try:
        file = open_parts(path, None)
        with closing(file):
            columns = {name: pl.Float64() if place else pl.String() for place, name in enumerate(contract.columns)}
            if any(dict(part.columns) != columns for part in file.parts):
                return ()
            for frame in read_rows(file, contract, limits, ids_only=False):
                if any(frame.null_count().row(0)):
                    return ()
                content.add(frame)
    except UnreadableError:
        return ()
    return content.fingerprint


def _frame(ids: pl.Series, blend: pl.DataFrame, contract: Contract, draft: Draft) -> pl.DataFrame:
    """Return rows of the blend under the contract's names, each beside its id."""
    import polars as pl

    if len(blend) != len(ids) or not (blend["place"] == pl.int_range(len(ids), eager=True)).all():
        raise OutputError(f"{draft.name}: not written: the blend has other rows than its batch; please report this")
    columns = [ids, *(blend[f"b{t}"] for t in range(len(contract.targets)))]
    return pl.DataFrame([column.alias(name) for column, name in zip(columns, contract.columns, strict=True)])
