"""What the target cells of a file look like, without checking the file.

`project` asks whether a file may be a template by its content; `blending` asks how the numbers of a file are written.
"""

from __future__ import annotations

import math
import re
from contextlib import closing
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError
from pbl.domain.values import NUMBER
from pbl.reading._records import Lines, Record
from pbl.reading.rows import tokenize
from pbl.reading.survey import open_file

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pbl.domain.contract import Contract
    from pbl.reading.survey import Survey

_NUMBER = re.compile(NUMBER)
_WHOLE = re.compile(r"(?:-?[0-9]+\.0(?:\n|\Z))*+")


def has_constant_targets(path: Path, contract: Contract) -> bool:
    """Say whether a file of two rows or more has in each target column one number throughout, spelt alike.

    The targets are the contract's, else all columns but the first. Reading stops at the first row that says no; what
    can't be read or taken apart says no.
    """
    try:
        file = open_file(path, None)
        with closing(file):
            return _is_constant(_records(file.fd), contract)
    except (InputError, OSError):
        return False


def is_pointless(survey: Survey) -> bool:
    """Say whether no target cell of a file that is in order has a decimal point or an exponent."""
    batches, _ = tokenize(survey, 0)
    return not any(re.search("[.eE]", "\n".join(cells)) for batch in batches for cells in batch[1:])


def is_whole(survey: Survey) -> bool:
    """Say whether each target cell of a file that pbl wrote is a whole number, with `.0` at its end."""
    batches, _ = tokenize(survey, 0)
    return all(_WHOLE.fullmatch("\n".join(cells)) for batch in batches for cells in batch[1:] if cells)


def _is_constant(records: Iterator[Sequence[str]], contract: Contract) -> bool:
    header = next(records, ())
    named = all(name in header for name in contract.columns)
    places = [header.index(name) for name in contract.targets] if named else range(1, len(header))
    first: list[str] = []
    rows = 0
    for cells in records:
        rows += 1
        if len(cells) != len(header):
            return False
        targets = [cells[place] for place in places]
        first = first or targets
        if targets != first:
            return False
    return rows > 1 and bool(first) and all(_NUMBER.fullmatch(cell) and math.isfinite(float(cell)) for cell in first)


def _records(fd: int) -> Iterator[Sequence[str]]:
    lines = Lines(fd)
    while (line := lines.take()) is not None:
        record = Record(lines, line)
        yield () if record.fault else record.cells
