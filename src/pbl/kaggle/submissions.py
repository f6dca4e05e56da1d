"""Read what `kaggle competitions submissions` prints: CSV or JSON, of old clients and new, and the talk around it."""

from __future__ import annotations

import csv
import io
import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import InputError
from pbl.domain.values import decimal, moment

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from datetime import datetime

_EXPECTED = "expected what `kaggle competitions submissions COMPETITION --csv` or `--format json` prints"
_NONE = {"", "none", "null", "nan"}
_SHOWN = 120


@dataclass(frozen=True, kw_only=True)
class Listed:
    """One submission as Kaggle lists it; scores are None where it has none, or was not completed."""

    ref: str
    file: str
    at: datetime | None
    description: str
    status: str
    public: float | None
    private: float | None

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
    """Read a listing; raise InputError if it is none. An empty one, or `No submissions found`, lists nothing."""
    try:
        text = data.decode("utf-8-sig")
    except UnicodeDecodeError as error:
        raise InputError(f"{name}: is not UTF-8 text; {_EXPECTED}") from error
    if not text.strip():
        return Listing(rows=(), unread=())
    lines = text.splitlines(keepends=True)
    tables = _from_json(lines)
    unread: list[str] = []
    if tables is None:
        tables = _from_csv(lines, unread, name)
    if tables is None:
        if "no submissions found" in text.lower():
            return Listing(rows=(), unread=())
        raise InputError(f"{name}: is no list of submissions: it begins with {text.strip()[:80]!r}; {_EXPECTED}")
    return Listing(rows=tuple(_listed(where, row, unread, name) for where, row in tables), unread=tuple(unread))


_Rows = list[tuple[str, dict[str, str]]]


def _from_json(lines: Sequence[str]) -> _Rows | None:
    """Return the objects of the first line on that begins a list of submissions."""
    decoder = json.JSONDecoder()
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
            if all("description" in row for row in rows):
                return [(f"submission {n}", row) for n, row in enumerate(rows, 1)]
    return None


def _from_csv(lines: Sequence[str], unread: list[str], name: str) -> _Rows | None:
    """Return the rows below the header, wherever that stands."""
    header: list[str] = []
    begin = 0
    for line in lines:
        begin += 1
        header = [_plain(cell) for cell in next(csv.reader([line.rstrip("\r\n")]), [])]
        if {"description", "date"} <= set(header) and "publicscore" in header:
            break
    else:
        return None
    reader = csv.reader(io.StringIO("".join(lines[begin:]), newline=""))
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


def _is_talk(line: str) -> bool:
    return line.startswith(("Next Page Token", "Warning:", "Using competition"))


def _listed(where: str, row: Mapping[str, str], unread: list[str], name: str) -> Listed:
    status = row.get("status", "").strip()
    word = status.rpartition(".")[2]
    done = word.lower() in {"", "complete"}

    def score(key: str) -> float | None:
        cell = row.get(key, "").strip()
        value = decimal(cell) if done and cell.lower() not in _NONE else None
        if value is None and done and cell.lower() not in _NONE:
            unread.append(f"{name}: {where}: {key} is {cell[:80]!r}, not a finite decimal number")
        return value

    date = row.get("date", "").strip()
    at = moment(date)
    if at is None and date.lower() not in _NONE:
        unread.append(f"{name}: {where}: date is {date[:80]!r}, no moment in time")
    return Listed(
        ref=row.get("ref", "").strip(),
        file=row.get("filename", ""),
        at=at,
        description=row.get("description", ""),
        status=word,
        public=score("publicscore"),
        private=score("privatescore"),
    )


def _plain(key: str) -> str:
    """Return a column's name as every client has it: publicScore, public_score and PublicScore are one."""
    return key.strip().replace("_", "").lower()


def _cell(value: Any) -> str:  # noqa: ANN401 - as JSON has it
    return "" if value is None else value if isinstance(value, str) else json.dumps(value)
