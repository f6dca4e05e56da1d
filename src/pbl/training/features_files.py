"""Read features from files, side by side, strictly and with nothing filled in.

The first step of `fit` and `predict`: tables come from `_csv_table` and `_parquet_table`; which of a table's columns
names the sample, and which rows are asked for, is settled here.
"""

from __future__ import annotations

import os
from collections import Counter
from contextlib import closing
from dataclasses import dataclass
from pathlib import PurePosixPath
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.errors import InputError, UnreadableError, UsageError
from pbl.domain.findings import Example
from pbl.domain.wording import plural
from pbl.reading.survey import open_file
from pbl.training._csv_table import read_csv
from pbl.training._parquet_table import read_parquet
from pbl.training._table import SHOWN, data_error, make_finding
from pbl.training.features import Column, Features, Source

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from pbl.domain.findings import Finding
    from pbl.training._table import Table

SAMPLE = "sample"
_PARQUET = b"PAR1"


def read_features(
    paths: Sequence[Path], *, wanted: Sequence[str] | None = None, key: str | None = None, id_name: str = "sample_id"
) -> Features:
    """Return the features of the wanted samples, in their order; of all samples, sorted, where none are named.

    Raises InputError and UsageError for files that can't be used, FindingsError for faults of the data.
    """
    if not paths:
        raise UsageError("name a file of features, or several")
    return pick_features([_read_table(path) for path in paths], wanted=wanted, key=key, id_name=id_name)


def pick_features(
    tables: Sequence[Table], *, wanted: Sequence[str] | None = None, key: str | None = None, id_name: str = "sample_id"
) -> Features:
    """Return the features of the wanted samples from tables side by side; the rest is as `read_features` has it."""
    keys = [_choose_key(table, key, id_name) for table in tables]
    findings = [each for table, name in zip(tables, keys, strict=True) for each in _check(table, name)]
    _raise(tables, findings)
    names = [[sample or "" for sample in table.names[key]] for table, key in zip(tables, keys, strict=True)]
    asked = tuple(wanted) if wanted is not None else tuple(sorted({each for of_file in names for each in of_file}))
    matched = [_match(table, of_file, asked) for table, of_file in zip(tables, names, strict=True)]
    _raise(tables, [each for one in matched for each in one.findings])
    kept = [{name: n for name, n in t.numbers.items() if name != key} for t, key in zip(tables, keys, strict=True)]
    for table, numbers in zip(tables, kept, strict=True):
        if not numbers:
            raise InputError(f"{table.path}: has no column of numbers")
    blocks = [number[one.rows] for one, numbers in zip(matched, kept, strict=True) for number in numbers.values()]
    return Features(
        samples=asked,
        values=np.ascontiguousarray(np.hstack(blocks)),
        sources=tuple(
            Source(
                columns=tuple(Column(name=name, width=number.shape[1]) for name, number in numbers.items()),
                embedded=table.embedded,
            )
            for table, numbers in zip(tables, kept, strict=True)
        ),
        notes=(
            *(one.note for one in matched if one.note),
            *(note for table, key in zip(tables, keys, strict=True) if (note := _note_texts(table, key))),
        ),
    )


def _note_texts(table: Table, key: str) -> str:
    """Return the note of columns that are no features, since they hold text: perhaps numbers with a decimal comma."""
    others = [name for name in table.texts if name != key]
    return f"{table.path}: no features, as they hold text: {', '.join(others)}" if others else ""


@dataclass(frozen=True, kw_only=True)
class _Matched:
    """The rows of a table that the asked samples have, or why there are none."""

    rows: NDArray[np.intp]
    findings: tuple[Finding, ...] = ()
    note: str = ""


def _read_table(path: Path) -> Table:
    """Return the table of a file, Parquet by its first bytes, else CSV."""
    try:
        file = open_file(path, None)
    except UnreadableError as error:
        raise data_error([path], [make_finding(path, "PBL101", error.reason)]) from error
    with closing(file):
        parquet = os.pread(file.fd, len(_PARQUET), 0) == _PARQUET
        return read_parquet(file) if parquet else read_csv(file)


def _choose_key(table: Table, key: str | None, id_name: str) -> str:
    """Return the column that names the samples."""
    there = ", ".join([*table.names, *(name for name in table.numbers if name not in table.names)])
    if key is not None:
        if key not in table.names:
            raise UsageError(f"{table.path}: --key {key}: there is no such column of text; there are {there}")
        return key
    for name in (SAMPLE, id_name):
        if name in table.names:
            return name
    if len(table.texts) == 1:
        return next(iter(table.texts))
    count = f"{plural(len(table.texts), 'column')} of text" if table.texts else "no column of text"
    raise UsageError(
        f"{table.path}: {count} and none named {SAMPLE} or {id_name}: name it with --key; there are {there}"
    )


def _check(table: Table, key: str) -> list[Finding]:
    """Return what is wrong with a table's samples and numbers."""
    found = [each for name, faults in table.faults.items() if name != key for each in faults]
    names = table.names[key]
    blank = [row for row, name in enumerate(names) if not name]
    if blank:
        examples = tuple(Example(row=row + table.first_row) for row in blank[:SHOWN])
        said = f"{plural(len(blank), 'row')} without a sample"
        found.append(make_finding(table.path, "PBL401", said, column=key, count=len(blank), examples=examples))
    twice = _find_repeated([name for name in names if name])
    if twice:
        found.append(_note_twice(table, key, twice))
    return found


def _match(table: Table, names: Sequence[str], asked: Sequence[str]) -> _Matched:
    """Return where the asked samples stand: by name, or if none does, by name without folders and suffix."""
    place = {name: row for row, name in enumerate(names)}
    note = ""
    wanted = list(asked)
    if wanted and not any(name in place for name in wanted):
        bare, wanted_bare = [_bare_name(name) for name in names], [_bare_name(name) for name in wanted]
        if not _find_repeated(wanted_bare) and not set(wanted_bare).isdisjoint(bare):
            twice = [name for name in _find_repeated(bare) if name in set(wanted_bare)]
            if twice:
                return _Matched(rows=_NO_ROWS, findings=(_note_twice(table, None, twice),))
            place, wanted = {name: row for row, name in enumerate(bare)}, wanted_bare
            note = (
                f"{table.path.name}: samples are matched without folders and suffix, such as {bare[0]} for {names[0]}"
            )
    missing = [name for name, sought in zip(asked, wanted, strict=True) if sought not in place]
    if missing:
        examples = tuple(Example(id=name) for name in missing[:SHOWN])
        said = f"lacks {len(missing):,} of {plural(len(asked), 'sample')} that need features"
        found = make_finding(table.path, "PBL805", said, count=len(missing), examples=examples)
        return _Matched(rows=_NO_ROWS, findings=(found,))
    return _Matched(rows=np.array([place[name] for name in wanted], dtype=np.intp), note=note)


_NO_ROWS = np.zeros(0, dtype=np.intp)


def _bare_name(name: str) -> str:
    """Return `ID1` of `train/ID1.jpg`."""
    return PurePosixPath(name).stem


def _find_repeated(names: Sequence[str]) -> list[str]:
    return [name for name, count in Counter(names).items() if count > 1]


def _note_twice(table: Table, key: str | None, twice: Sequence[str]) -> Finding:
    examples = tuple(Example(id=name) for name in twice[:SHOWN])
    said = f"{plural(len(twice), 'sample')} with more than one row"
    return make_finding(table.path, "PBL802", said, column=key, count=len(twice), examples=examples)


def _raise(tables: Sequence[Table], findings: Sequence[Finding]) -> None:
    if findings:
        raise data_error([table.path for table in tables], findings)
