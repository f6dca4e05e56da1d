"""Read a CSV of features to the letter: columns of numbers, columns of text, and columns that are neither.

Below `features_files`; the dialect is that of every file pbl reads.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.contract import Contract
from pbl.domain.errors import UnreadableError
from pbl.domain.findings import Example
from pbl.domain.rules import Severity
from pbl.domain.values import decimal
from pbl.domain.wording import plural
from pbl.reading.rows import explain_offences, tokenize
from pbl.reading.survey import survey
from pbl.training._table import SHOWN, Table, data_error, make_finding

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from pbl.domain.findings import Finding
    from pbl.reading.survey import OpenFile

    Floats = NDArray[np.float64]

_BLANK = re.compile(r"|n/?a|null|none", re.IGNORECASE)
_ODD = re.compile(r"[+-]?(nan|inf(inity)?)", re.IGNORECASE)
_NO_COLUMNS = Contract(id="", targets=())


def read_csv(file: OpenFile) -> Table:
    """Return the table of an open CSV file; raise FindingsError for one that can't be taken apart."""
    header, columns = _read_csv(file)
    texts: list[str] = []
    numbers: dict[str, Floats] = {}
    faults: dict[str, tuple[Finding, ...]] = {}
    for name, cells in zip(header, columns, strict=True):
        values = [decimal(cell) for cell in cells]
        if _is_text(cells, values):
            texts.append(name)
        elif None in values:
            faults[name] = _find_faults(file.path, name, cells, values)
        else:
            numbers[name] = np.array(values, dtype=np.float64)[:, None]
    names = dict(zip(header, columns, strict=True))
    return Table(path=file.path, first_row=2, names=names, texts=tuple(texts), numbers=numbers, faults=faults)


def _read_csv(file: OpenFile) -> tuple[tuple[str, ...], list[list[str]]]:
    """Return the header and the cells column by column."""
    try:
        found = survey(file, _NO_COLUMNS)
    except UnreadableError as error:
        raise data_error([file.path], [make_finding(file.path, "PBL101", error.reason)]) from error
    names = found.header.names
    if found.header.stopped:
        raise data_error([file.path], found.header.findings)
    twice = [name for name, count in Counter(names).items() if count > 1 and name]
    wrong = [make_finding(file.path, "PBL203", f"the column {name!r} stands twice", column=name) for name in twice]
    wrong += [make_finding(file.path, "PBL205", "a column has no name")] if not all(names) else []
    if all(decimal(name) is not None for name in names):
        wrong = [make_finding(file.path, "PBL206", "the first row looks like data, not like a header")]
    if wrong:
        raise data_error([file.path], wrong)
    batches, offences = tokenize(found, SHOWN, all_columns=True)
    columns: list[list[str]] = [[] for _ in names]
    for batch in batches:
        for column, cells in zip(columns, batch, strict=True):
            column.extend(cells)
    found.unchanged()
    structure = [each for each in explain_offences(found, offences) if each.severity is Severity.ERROR]
    if structure:
        raise data_error([file.path], structure)
    return names, columns


def _is_text(cells: Sequence[str], values: Sequence[float | None]) -> bool:
    """Say whether no cell is a number, and some cell is more than a number's absence."""
    if any(value is not None for value in values):
        return False
    return any(not (_BLANK.fullmatch(cell.strip()) or _ODD.fullmatch(cell.strip())) for cell in cells)


def _find_faults(path: Path, name: str, cells: Sequence[str], values: Sequence[float | None]) -> tuple[Finding, ...]:
    """Return what is wrong with a column of numbers: cells without one, and cells with something else."""
    odd = [(row, cell) for row, (cell, value) in enumerate(zip(cells, values, strict=True), 2) if value is None]
    missing = [place for place in odd if _BLANK.fullmatch(place[1].strip())]
    other = [place for place in odd if not _BLANK.fullmatch(place[1].strip())]
    told = (("PBL803", "without a number", missing), ("PBL804", "with something else than a finite number", other))
    return tuple(
        make_finding(
            path,
            code,
            f"{plural(len(places), 'cell')} {said}",
            column=name,
            count=len(places),
            examples=tuple(Example(row=row, value=cell) for row, cell in places[:SHOWN]),
        )
        for code, said, places in told
        if places
    )
