"""Read a Parquet file of features: numbers, lists of numbers of one length, and text; no other types.

Below `features_files`; `embed` writes such files, and so does everybody else.
"""

from __future__ import annotations

import json
import os
from typing import TYPE_CHECKING, Any

import numpy as np

from pbl.domain.errors import InputError
from pbl.domain.findings import Example
from pbl.domain.wording import plural
from pbl.training._table import SHOWN, Table, data_error, make_finding

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import polars as pl
    from numpy.typing import NDArray

    from pbl.domain.findings import Finding
    from pbl.reading.survey import OpenFile

    Floats = NDArray[np.float64]
    Truths = NDArray[np.bool_]

_EMBEDDED = ("settings", "probe", "model_type")


def read_parquet(file: OpenFile) -> Table:
    """Return the table of an open Parquet file.

    Raises FindingsError for one that can't be read, InputError for a column of a type that is no feature.
    """
    import polars as pl

    data = _read_whole(file)
    try:
        metadata = pl.read_parquet_metadata(data)
        frame = pl.read_parquet(data)
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError) as error:
        said = f"cannot be read as Parquet: {(str(error) or type(error).__name__).splitlines()[0]}"
        raise data_error([file.path], [make_finding(file.path, "PBL801", said)]) from error
    if not len(frame):
        raise data_error([file.path], [make_finding(file.path, "PBL107", "has columns and no row")])
    names: dict[str, Sequence[str | None]] = {}
    texts: list[str] = []
    numbers: dict[str, Floats] = {}
    faults: dict[str, tuple[Finding, ...]] = {}
    for column in frame:
        text = isinstance(column.dtype, pl.String | pl.Categorical | pl.Enum)
        if text or column.dtype.is_integer():
            names[column.name] = column.cast(pl.String).to_list()
        if text:
            texts.append(column.name)
            continue
        values, wrong = _read_numbers(file.path, column)
        if wrong:
            faults[column.name] = wrong
        else:
            numbers[column.name] = values
    return Table(
        path=file.path,
        first_row=1,
        names=names,
        texts=tuple(texts),
        numbers=numbers,
        faults=faults,
        embedded=_read_note(file.path, metadata.get("pbl")),
    )


def _read_whole(file: OpenFile) -> bytes:
    with os.fdopen(os.dup(file.fd), "rb") as stream:
        stream.seek(0)
        return stream.read()


def _read_numbers(path: Path, column: pl.Series) -> tuple[Floats, tuple[Finding, ...]]:
    """Return a column as rows x width, and what is wrong with it."""
    lists = _as_lists(path, column)
    rows = np.arange(len(column))
    empty, width = column.is_null().to_numpy(), 1
    flat = column
    if lists is not None:
        lengths = lists.list.len().fill_null(0).to_numpy()
        width = int(lengths.max())
        other = (lengths != width) & ~empty
        if width == 0 or other.any():
            said = f"holds lists of {width:,} numbers, and {plural(int(other.sum()), 'list')} of another length"
            return _NOTHING, (_note(path, column.name, "PBL803", said, rows[other] if width else rows),)
        rows = np.repeat(rows[~empty], width)
        flat = lists.drop_nulls().explode()
    missing = flat.is_null().to_numpy()
    values = flat.to_numpy().astype(np.float64)
    infinite = ~np.isfinite(values) & ~missing
    without = np.union1d(np.flatnonzero(empty), rows[missing])
    found = []
    if len(without):
        found.append(_note(path, column.name, "PBL803", f"{plural(len(without), 'row')} without a number", without))
    if infinite.any():
        at = np.unique(rows[infinite])
        said = f"{plural(int(infinite.sum()), 'number')} in {plural(len(at), 'row')} that aren't finite"
        found.append(_note(path, column.name, "PBL804", said, at))
    return (_NOTHING if found else values.reshape(len(column), width)), tuple(found)


_NOTHING = np.zeros((0, 0))


def _as_lists(path: Path, column: pl.Series) -> pl.Series | None:
    """Return a column of lists as such, None for one of numbers; raise InputError for any other type."""
    import polars as pl

    kind: Any = column.dtype
    listed = isinstance(kind, pl.List | pl.Array)
    inner = kind.inner if listed else kind
    flat = not isinstance(kind, pl.Array) or len(kind.shape) == 1
    if not flat or not (inner.is_float() or inner.is_integer()):
        said = "features are numbers, lists of numbers, and text that is ignored"
        raise InputError(f"{path}: the column {column.name!r} is of type {kind}; {said}: leave it out")
    if not listed:
        return None
    return column.arr.to_list() if isinstance(kind, pl.Array) else column


def _note(path: Path, name: str, code: str, said: str, rows: NDArray[np.intp]) -> Finding:
    examples = tuple(Example(row=int(row) + 1) for row in rows[:SHOWN])
    return make_finding(path, code, said, column=name, count=len(rows), examples=examples)


def _read_note(path: Path, note: str | None) -> Mapping[str, Any] | None:
    """Return what `embed` noted; raise FindingsError for a note that it didn't write."""
    if note is None:
        return None
    try:
        found = json.loads(note, parse_constant=str)
        if found["kind"] == "features" and isinstance(found["settings"], dict):
            return {name: found.get(name) for name in _EMBEDDED}
    except (ValueError, TypeError, KeyError, RecursionError):
        pass
    raise data_error([path], [make_finding(path, "PBL801", "its note of pbl embed is damaged: embed again")])
