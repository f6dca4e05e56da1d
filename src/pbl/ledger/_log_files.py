"""Read every run log of a folder for all that can be read; what can't be is named, never dropped."""

from __future__ import annotations

import hashlib
import os
import re
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pbl.domain.errors import InputError
from pbl.domain.values import decimal, moment, stamp
from pbl.ledger.log_format import BY_HAND, COLUMNS, KAGGLE, SCORES, SEED, meant, run_id
from pbl.reading.tolerant import Table, take_apart
from pbl.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence
    from pathlib import Path

_NAME = re.compile(r"scores_([0-9]{4}-[0-9]{2}-[0-9]{2})_(.+)\.csv", re.DOTALL)
_MOMENT = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}Z")
_SHOWN = 3


class Trouble(NamedTuple):
    """What could not be read of a log: RUN201 file, RUN202 columns, RUN203 rows, RUN204 cells, RUN205 tail."""

    code: str
    message: str


class Fact(NamedTuple):
    """One row of a log: where it stands, which run it is about, and its cells by column."""

    file: Path
    row: int
    run_id: str
    label: str
    when: str
    """An ISO moment in UTC; of an old log the date in its name; empty where there is neither."""
    scores: tuple[float | None, ...]
    """In the order of SCORES."""
    cells: dict[str, str]

    @property
    def later(self) -> bool:
        """Say whether it is a score that was added to a run."""
        return self.cells.get("method") in {KAGGLE, BY_HAND}


@dataclass(frozen=True, kw_only=True)
class Logs:
    """All that was read of a folder's logs, the files by name and their rows in order, and all that was not."""

    facts: list[Fact] = field(default_factory=list)
    troubles: list[Trouble] = field(default_factory=list)


def read_logs(folder: Path) -> Logs:
    """Read every `scores_*.csv` of a folder; raise InputError only if the folder itself can't be listed."""
    try:
        names = sorted(n for n in os.listdir(folder) if n.startswith("scores_") and n.endswith(".csv"))  # noqa: PTH208 - names are wanted
    except FileNotFoundError:
        return Logs()
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    logs = Logs()
    for name in names:
        _read_log(folder / name, logs)
    return logs


def _read_log(path: Path, logs: Logs) -> None:
    """Add what a log says, and what of it can't be read."""

    def tell(code: str, message: str) -> None:
        logs.troubles.append(Trouble(code, f"{path}: {message}"))

    try:
        table = take_apart(read_bytes(path))
    except InputError as error:
        logs.troubles.append(Trouble("RUN201", str(error)))
        return
    header = table.header
    if not header:
        reason = f"row 1 {table.broken[0][1]}" if table.broken else "is empty"
        tell("RUN201", f"not read: {reason}")
        return
    twice = sorted({c for c in header if c in COLUMNS and header.count(c) > 1})
    if twice or ("run_id" not in header and len(set(header) & set(SEED)) < len(SEED) - 1):
        got = ",".join(header)[:200]
        why = f"the column {twice[0]!r} stands there twice" if twice else f"expected {','.join(SEED)} and more"
        tell("RUN202", f"not read: its columns are {got!r}; {why}")
        return
    strange = [c for c in header if c not in COLUMNS]
    missing = [c for c in (SEED if not set(header) & set(COLUMNS[len(SEED) :]) else COLUMNS) if c not in header]
    if strange:
        tell("RUN202", f"{_columns(strange)} not known to pbl, and not shown")
    if missing:
        tell("RUN202", f"{_columns(missing)} missing; shown as empty")
    if not table.utf8:
        tell("RUN204", "is not all UTF-8; the bytes that aren't are shown as \\x..")
    _tell_rows(table, tell)
    _add_facts(path, table, logs, tell)


def _columns(names: Sequence[str]) -> str:
    some = len(names) > 1
    return f"the column{'s' if some else ''} {', '.join(map(repr, names))} {'are' if some else 'is'}"


def _tell_rows(table: Table, tell: Callable[[str, str], None]) -> None:
    broken = list(table.broken)
    last = max((row for row, _ in table.rows), default=1)
    if not table.ends and broken and broken[-1][0] > last:
        row, problem = broken.pop()
        tell("RUN205", f"row {row}, the last one, was cut short: it {problem}, and was not read")
    elif not table.ends:
        tell("RUN205", "the last row has no line end; was it cut short? It is read as it stands")
    if broken:
        shown = "; ".join(f"row {row} {problem}" for row, problem in broken[:_SHOWN])
        more = f"; and {len(broken) - _SHOWN:,} more" if len(broken) > _SHOWN else ""
        tell("RUN203", f"{len(broken):,} row{'s' if len(broken) > 1 else ''} not read: {shown}{more}")


def _add_facts(path: Path, table: Table, logs: Logs, tell: Callable[[str, str], None]) -> None:
    day, label = (name[1], name[2]) if (name := _NAME.fullmatch(path.name)) else ("", path.name[7:-4])
    if day and moment(day) is None:
        day = ""
    odd: list[str] = []
    seen: dict[tuple[str, ...], int] = {}
    known = [column if column in COLUMNS else "" for column in table.header]
    for row, texts in table.rows:
        cells = {c: t if t[0] != "'" else meant(c, t) for c, t in zip(known, texts, strict=True) if t and c}
        scores = tuple(_score(cells, column, row, odd) for column in SCORES)
        when = cells.get("logged_at", "")
        if when and not _MOMENT.fullmatch(when):
            at = moment(when)
            if at is None:
                odd.append(f"row {row}: logged_at is {when[:80]!r}, no moment in time")
            when = stamp(at) if at else ""
        which = cells.get("run_id", "")
        if not which:
            key = (path.name, *(cells.get(column, "") for column in SEED))
            seen[key] = seen.get(key, 0) + 1
            digest = hashlib.sha256("\0".join((*key, str(seen[key]))).encode(errors="surrogateescape")).digest()
            which = run_id(day.replace("-", "") or "undated", digest[:5])
        later = cells.get("method") == KAGGLE
        logs.facts.append(
            Fact(path, row, which, cells.get("label") or label, when or ("" if later else day), scores, cells)
        )
    if odd:
        more = f"; and {len(odd) - _SHOWN:,} more" if len(odd) > _SHOWN else ""
        tell("RUN204", "; ".join(odd[:_SHOWN]) + more + "; shown as empty")


def _score(cells: dict[str, str], column: str, row: int, odd: list[str]) -> float | None:
    cell = cells.get(column)
    if cell is None:
        return None
    value = decimal(cell)
    if value is None:
        odd.append(f"row {row}: {column} is {cell[:80]!r}, not a finite decimal number")
    return value
