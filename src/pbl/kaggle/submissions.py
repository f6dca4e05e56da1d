"""Read the output of `kaggle competitions submissions`: CSV or JSON, from old and new clients.

`ledger` imports scores from it.
"""

from __future__ import annotations

import csv
import io
import json
import re
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import InputError
from pbl.domain.values import decimal, moment
from pbl.storage.csv_text import csv_records

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from datetime import datetime

_EXPECTED = "expected what `kaggle competitions submissions COMPETITION --csv` or `--format json` prints"
_NONE = {"", "none", "null", "nan"}
_KNOWN = {
    name.lower(): name for name in ("ref", "fileName", "date", "description", "status", "publicScore", "privateScore")
}
"""Kaggle's columns, by their plain names."""
_NEEDED = ("description", "publicscore")
_SEPARATORS = {";": "';'", "\t": "tabs"}
_DATE = re.compile(r"[0-9]{4}-[0-9]{2}-[0-9]{2}(?:[T ].*)?", re.DOTALL)
_REF = re.compile(r"0*([0-9]{1,18})(?:\.0*)?")
"""A whole number; a spreadsheet may have added a decimal point. A number with an exponent has lost digits."""
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")
_SHOWN = 120


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One submission as Kaggle lists it; scores are None if it has none, or was not completed."""

    where: str
    """The line, or the number of the JSON object."""
    ref: str
    """Kaggle's number for it, in digits; empty if it isn't listed."""
    file: str
    at: datetime | None
    description: str
    status: str
    public: float | None
    private: float | None

    @property
    def age(self) -> tuple[float, int]:
        """Return the key that sorts submissions from old to new: by date; those without one come first, by ref."""
        return (self.at.timestamp() if self.at else float("-inf"), int(self.ref or -1))

    def __str__(self) -> str:
        day = f" of {self.at:%Y-%m-%d %H:%M}" if self.at else ""
        told = self.description if len(self.description) <= _SHOWN else self.description[: _SHOWN - 2] + ".."
        return f"submission {self.ref or self.file or '?'}{day} ({told!r})"


@dataclass(frozen=True, kw_only=True)
class Listing:
    """All submissions that were listed, and what could not be read."""

    rows: tuple[Listed, ...]
    unread: tuple[str, ...]


def read_listing(data: bytes, name: str) -> Listing:
    """Read a listing; an empty one, or `No submissions found`, lists nothing.

    Raises InputError, which names a missing column, for anything else.
    """
    if data.startswith(_UTF_16):
        raise InputError(f"{name}: is UTF-16 text, as PowerShell's > writes it; save it as UTF-8")
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not UTF-8 text; {_EXPECTED}") from error
    if not text.strip():
        return Listing(rows=(), unread=())
    lines = text.splitlines(keepends=True)
    unread: list[str] = []
    objects = _from_json(lines, name)
    rows = objects or _from_csv(lines, unread, name)
    if rows is None:
        rows = objects
    if rows is None:
        if "no submissions found" in text.lower():
            return Listing(rows=(), unread=())
        raise InputError(f"{name}: is no list of submissions{_resemblance(lines)}; {_EXPECTED}")
    notes: list[tuple[str, str]] = []
    listed = tuple(_read_row(where, row, notes) for where, row in rows)
    return Listing(rows=listed, unread=(*unread, *(f"{name}: {note}" for note in _gather_notes(notes))))


_Rows = list[tuple[str, dict[str, str]]]


def _from_json(lines: Sequence[str], name: str) -> _Rows | None:
    """Return the objects of the first line on that begins a list of submissions; none of an empty list."""
    decoder = json.JSONDecoder()
    empty = False
    for at, line in enumerate(lines):
        if not line.lstrip().startswith(("[", "{")):
            continue
        try:
            value, _ = decoder.raw_decode("".join(lines[at:]).lstrip())
        except (ValueError, RecursionError):
            continue
        if isinstance(value, dict):
            value = next((v for v in value.values() if isinstance(v, list)), None)
        if isinstance(value, list) and all(isinstance(each, dict) for each in value):
            rows = [{_plain(key): _cell(cell) for key, cell in each.items()} for each in value]
            columns = {column for row in rows for column in row}
            if len(columns & set(_KNOWN)) > 1:
                _need(columns, name)
                return [(f"submission {n}", row) for n, row in enumerate(rows, 1)]
            empty = empty or not rows
    return [] if empty else None


def _from_csv(lines: Sequence[str], unread: list[str], name: str) -> _Rows | None:
    """Return the rows below the header, in whichever line that is."""
    begin = 0
    for line in lines:
        begin += 1
        header = [_plain(cell) for cell in _split(line)]
        if len(set(header) & set(_KNOWN)) > 1:
            break
    else:
        return None
    _need(set(header), name)
    reader = csv_records(io.StringIO("".join(lines[begin:]), newline=""))
    rows: _Rows = []
    while True:
        where = f"line {begin + 1 + reader.line_num}"
        try:
            cells = next(reader, None)
        except csv.Error as error:
            unread.append(f"{name}: {where}: {error}")
            break
        if cells is None:
            break
        if len(cells) == len(header):
            rows.append((where, dict(zip(header, cells, strict=True))))
        elif any(cells) and not (len(cells) == 1 and _is_talk(cells[0])):
            unread.append(f"{name}: {where} has {len(cells)} cells, expected {len(header)}")
    return rows


def _split(line: str) -> list[str]:
    """Return the cells of a line, however long they are; none if csv refuses it."""
    try:
        return next(csv_records([line.rstrip("\r\n")]), [])
    except csv.Error:
        return []


def _need(columns: set[str], name: str) -> None:
    """Raise InputError if a column is missing that tells a score's run, or which of two scores is newer."""
    missing = [_KNOWN[column] for column in _NEEDED if column not in columns]
    if not columns & {"ref", "date"}:
        missing.append("ref or date")
    if missing:
        said = f"the column{'s' if len(missing) > 1 else ''} {' and '.join(missing)}"
        raise InputError(f"{name}: the list of submissions lacks {said}; {_EXPECTED}")


def _resemblance(lines: Sequence[str]) -> str:
    """Say what a text that is not a listing resembles."""
    for line in lines:
        for mark, word in _SEPARATORS.items():
            if len({_plain(cell) for cell in line.split(mark)} & set(_KNOWN)) > 1:
                return f" that can be read: its columns are separated by {word}, not by a comma"
        if len({_plain(cell) for cell in line.split()} & set(_KNOWN)) > 1:
            return " that can be read: it is the table for people"
    return f": it begins with {''.join(lines).strip()[:80]!r}"


def _is_talk(line: str) -> bool:
    return line.startswith(("Next Page Token", "Warning:", "Using competition"))


def _read_row(where: str, row: Mapping[str, str], notes: list[tuple[str, str]]) -> Listed:
    status = row.get("status", "").strip()
    word = status.rpartition(".")[2]
    done = word.lower() in {"", "complete"}

    def said(column: str) -> str:
        cell = row.get(column, "").strip()
        return "" if cell.lower() in _NONE else cell

    def score(column: str) -> float | None:
        cell = said(column)
        value = decimal(cell) if done and cell else None
        if value is None and done and cell:
            notes.append((where, f"{where}: {_KNOWN[column]} is {cell[:80]!r}, not a finite decimal number"))
        return value

    date = said("date")
    at = moment(date) if _DATE.fullmatch(date) else None
    if date and at is None:
        form = "no moment as Kaggle writes it (2026-11-22 09:00:00), and is passed over"
        notes.append(("date", f"{where}: date is {date[:80]!r}, {form}"))
    ref = said("ref")
    digits = _REF.fullmatch(ref)
    if ref and not digits:
        notes.append(("ref", f"{where}: ref is {ref[:80]!r}, not a whole number, and is passed over"))
    return Listed(
        where=where,
        ref=digits[1] if digits else "",
        file=row.get("filename", ""),
        at=at,
        description=row.get("description", ""),
        status=word,
        public=score("publicscore"),
        private=score("privatescore"),
    )


def _gather_notes(notes: Sequence[tuple[str, str]]) -> Iterable[str]:
    """Return the first note of each kind, and how many more there are."""
    kinds: dict[str, list[str]] = {}
    for kind, note in notes:
        (kinds.setdefault(kind, []) if kind in {"date", "ref"} else kinds.setdefault(note, [])).append(note)
    for first, *more in kinds.values():
        yield first + (f"; so {'are' if len(more) > 1 else 'is'} {len(more):,} more" if more else "")


def _plain(key: str) -> str:
    """Return the common form of a column's name in all clients: publicScore, public_score and PublicScore are one."""
    return key.strip().replace("_", "").lower()


def _cell(value: Any) -> str:  # noqa: ANN401 - as JSON has it
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
