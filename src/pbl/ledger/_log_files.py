"""Read every run log of a folder as far as it can be read; what can't be read is reported, never dropped.

The first step of reading the ledger; `history` makes runs of the rows.
"""

from __future__ import annotations

import hashlib
import os
import re
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pbl.domain.errors import InputError
from pbl.domain.run_row import COLUMNS, KAGGLE, SEED
from pbl.domain.values import moment, stamp
from pbl.domain.wording import plural
from pbl.ledger.facts import Fact, Trouble
from pbl.ledger.log_format import decode_typed, is_utf16, name_form, run_id
from pbl.ledger.row_codec import Odd, decode_text, row_decoder
from pbl.reading.tolerant import Table, parse_csv
from pbl.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_NAME = re.compile(r"scores_([0-9]{4}-[0-9]{2}-[0-9]{2})_(.+)\.csv", re.DOTALL)
_SHOWN = 3
_STAMP = len("2026-11-22T09:00:00Z")


class Log(NamedTuple):
    """The rows of one log, and what could not be read."""

    header: tuple[str, ...] = ()
    facts: tuple[Fact, ...] = ()
    troubles: tuple[Trouble, ...] = ()


def read_logs(folder: Path) -> Mapping[Path, Log]:
    """Read every `scores_*.csv` of a folder, by name; raise InputError only if the folder itself can't be listed."""
    try:
        names = sorted(n for n in os.listdir(folder) if _is_log_name(n))  # noqa: PTH208 - names are wanted
    except FileNotFoundError:
        return {}
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    return {folder / name: _read_log(folder / name) for name in names}


def is_log(path: Path, folder: Path) -> bool:
    """Say whether a path, or what it leads to, is a log of the folder, or would be if it were written."""
    places = (path, Path(os.path.realpath(path)))
    return any(_is_log_name(place.name) and _same_folder(place.parent, folder) for place in places)


def _is_log_name(name: str) -> bool:
    return name.startswith("scores_") and name.endswith(".csv")


def _same_folder(one: Path, other: Path) -> bool:
    return os.path.realpath(one) == os.path.realpath(other)


def _read_log(path: Path) -> Log:
    """Return the facts of a log, and what of it can't be read."""
    day, label = _parse_name(path.name)

    def trouble(code: str, message: str) -> Trouble:
        return Trouble(code, f"{path}: {message}", label)

    try:
        data = read_bytes(path)
    except InputError as error:
        return Log(troubles=(Trouble("RUN201", str(error), label),))
    if is_utf16(data):
        return Log(troubles=(trouble("RUN201", "not read: is UTF-16 text; save it as UTF-8"),))
    table = parse_csv(data)
    if not table.header:
        reason = f"row 1 {table.broken[0][1]}" if table.broken else "is empty"
        return Log(troubles=(trouble("RUN201", f"not read: {reason}"),))
    if unfit := _unfit(table.header):
        return Log(header=table.header, troubles=(trouble("RUN202", f"not read: {unfit}"),))
    facts, odd = _facts(path, day, label, table)
    told = [*_column_notes(table.header)]
    if not table.utf8:
        told.append(("RUN204", "is not all UTF-8; the bytes that aren't are shown as \\x.."))
    told += _row_notes(table)
    if odd:
        more = f"; and {len(odd) - _SHOWN:,} more" if len(odd) > _SHOWN else ""
        told.append(("RUN204", "; ".join(odd[:_SHOWN]) + more + "; shown as empty"))
    return Log(table.header, tuple(facts), tuple(trouble(code, message) for code, message in told))


def _parse_name(name: str) -> tuple[str, str]:
    """Return the day and the label in a log's name; the day is empty if it is none."""
    found = _NAME.fullmatch(name)
    if found is None:
        return "", decode_typed(name[7:-4])
    return found[1] if moment(found[1]) else "", decode_typed(found[2])


def _unfit(header: Sequence[str]) -> str | None:
    """Return why columns are not those of a log."""
    got = f"its columns are {','.join(header)[:200]!r}"
    twice = sorted({c for c in header if c in COLUMNS and header.count(c) > 1})
    if twice:
        return f"{got}; the column {twice[0]!r} stands there twice"
    if "run_id" in header or len(set(header) & set(SEED)) >= len(SEED) - 1:
        return None
    return name_form(header) or f"{got}; expected {','.join(SEED)} and more"


def _column_notes(header: Sequence[str]) -> Iterable[tuple[str, str]]:
    strange = [c for c in header if c not in COLUMNS]
    wanted = COLUMNS if set(header) & set(COLUMNS[len(SEED) :]) else SEED
    missing = [c for c in wanted if c not in header]
    if strange:
        yield "RUN202", f"{_columns(strange)} not known to pbl, and not shown"
    if missing:
        yield "RUN202", f"{_columns(missing)} missing; shown as empty"


def _columns(names: Sequence[str]) -> str:
    some = len(names) > 1
    return f"the column{'s' if some else ''} {', '.join(map(repr, names))} {'are' if some else 'is'}"


def _row_notes(table: Table) -> Iterable[tuple[str, str]]:
    broken = list(table.broken)
    last = max((row for row, _ in table.rows), default=1)
    if not table.ends and broken and broken[-1][0] > last:
        row, problem = broken.pop()
        yield "RUN205", f"row {row}, the last one, was cut short: it {problem}, and was not read"
    elif not table.ends:
        yield "RUN205", "the last row has no line end; was it cut short? It is read as it stands"
    if broken:
        shown = "; ".join(f"row {row} {problem}" for row, problem in broken[:_SHOWN])
        more = f"; and {len(broken) - _SHOWN:,} more" if len(broken) > _SHOWN else ""
        yield "RUN203", f"{plural(len(broken), 'row')} not read: {shown}{more}"


def _facts(path: Path, day: str, label: str, table: Table) -> tuple[list[Fact], list[str]]:
    """Return the facts of the rows, and the cells that hold no value of their column."""
    facts: list[Fact] = []
    told: list[str] = []
    odd: list[Odd] = []
    seen: dict[tuple[str, ...], int] = {}
    known = [column if column in COLUMNS else "" for column in table.header]
    decode = row_decoder(known)
    seed = [known.index(column) if column in known else None for column in SEED]
    logged_at = known.index("logged_at") if "logged_at" in known else None
    for number, cells in table.rows:
        row = decode(cells, odd)
        if odd:
            told += [f"row {number}: {each}" for each in odd]
            odd.clear()
        call, which = row.run_id, row.run_id
        if not call:
            key = (path.name, *("" if at is None else decode_text(known[at], cells[at]) for at in seed))
            seen[key] = seen.get(key, 0) + 1
            which = _old_id(day, key, seen[key])
        if not call or not row.label:
            row = row._replace(run_id=which, label=row.label or label)
        if row.logged_at is None or logged_at is None:
            when = "" if row.method == KAGGLE else day
        else:
            when = _stamp(row.logged_at, cells[logged_at])
        facts.append(Fact(path, number, row, when, call))
    return facts, told


def _stamp(at: datetime, text: str) -> str:
    """Return a moment as pbl writes it; one that is written so already takes a tenth of the time."""
    return text if len(text) == _STAMP and text[10] == "T" and text[-1] == "Z" else stamp(at)


def _old_id(day: str, key: Sequence[str], nth: int) -> str:
    """Return an id for a row without one, made of its content, so that it stays the same when the log grows."""
    digest = hashlib.sha256("\0".join((*key, str(nth))).encode(errors="surrogateescape")).digest()
    return run_id(day.replace("-", "") or "undated", digest[:5])
