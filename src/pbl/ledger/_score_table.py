"""Read a pillar's own score table, `pillar,model,processed_cv[,full_cv]`, strictly, or refuse all of it.

`log_run` copies its rows into the log.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError
from pbl.domain.run_row import SEED, RunRow, SpelledNumber
from pbl.domain.values import decimal
from pbl.domain.warned import Warned
from pbl.ledger.log_format import is_utf16, name_form
from pbl.ledger.row_codec import decode_text
from pbl.reading.tolerant import parse_csv
from pbl.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class ScoreTable:
    """The rows of a pillar's own score table, and its possible mistakes."""

    rows: tuple[RunRow, ...]
    warnings: tuple[Warned, ...]


def read_score_table(path: Path, taken: Sequence[RunRow]) -> ScoreTable:
    """Read a pillar's own score table strictly; raise InputError that names each row at fault.

    A row must not be among those `taken`.
    """
    data = read_bytes(path)
    if is_utf16(data):
        raise InputError(f"{path}: is UTF-16 text; save it as UTF-8")
    table = parse_csv(data)
    wanted = ",".join(SEED)
    if sorted(table.header) not in (sorted(SEED), sorted((*SEED, "full_cv"))):
        got = f"its columns are {','.join(table.header)!r}, expected {wanted} or {wanted},full_cv"
        raise InputError(f"{path}: {name_form(table.header) or got}")
    if not table.utf8:
        raise InputError(f"{path}: is not UTF-8 text; save it as UTF-8")
    troubles = [f"row {row} {problem}" for row, problem in table.broken]
    first = {(row.pillar, row.model): "the run itself" for row in taken}
    rows = []
    for n, texts in table.rows:
        row = {column: decode_text(column, text) for column, text in zip(table.header, texts, strict=True)}
        troubles += [f"row {n}: {column} is empty" for column in SEED[:2] if not row[column].strip()]
        troubles += [
            f"row {n}: {column} is {cell[:80]!r}, not a finite decimal number"
            for column, cell in row.items()
            if column not in SEED[:2] and decimal(cell) is None and (cell or column == SEED[2])
        ]
        where = first.setdefault((row["pillar"], row["model"]), f"row {n}")
        if where != f"row {n}":
            troubles.append(f"row {n}: {row['pillar']}, {row['model']} is {where} again")
        rows.append(row)
    if troubles or not rows:
        shown = "; ".join(troubles[:_SHOWN]) or "a header and no row"
        more = f"; and {len(troubles) - _SHOWN:,} more" if len(troubles) > _SHOWN else ""
        raise InputError(f"{path}: {shown}{more}; nothing was logged, correct the table and try again")
    cut = Warned(code="PBL701", message=f"{path}: the last line has no line end; was the table cut short?")
    return ScoreTable(
        rows=tuple(
            RunRow(
                pillar=row["pillar"],
                model=row["model"],
                processed_cv=SpelledNumber(row["processed_cv"]),
                full_cv=SpelledNumber(row["full_cv"]) if row.get("full_cv") else None,
            )
            for row in rows
        ),
        warnings=() if table.ends else (cut,),
    )
