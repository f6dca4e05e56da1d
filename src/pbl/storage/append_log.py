"""Append rows to a CSV log; none is lost, whoever else appends and whenever a process ends.

The ledger writes only through this. The log is locked, a torn end is completed or set aside, and all rows are written
in one call.
"""

from __future__ import annotations

import csv
import os
import re
import stat
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

from pbl.domain.errors import LogError, OutputError
from pbl.storage._names import name_next, resolve_target
from pbl.storage.atomic_write import write_whole
from pbl.storage.csv_text import csv_line, csv_records
from pbl.storage.files import is_open_as, sync_folder, write_all
from pbl.storage.locks import lock
from pbl.storage.os_errors import explain, explain_os_errors
from pbl.storage.temporary import critical_section, drop

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_BOM = b"\xef\xbb\xbf"
_CELL = rb'(?:"[^"]*+(?:""[^"]*+)*+"[^,\n]*+|[^",\n][^,\n]*+|)'
_RECORD = re.compile(rb"%b(?:,%b)*+\n" % (_CELL, _CELL))


@dataclass(frozen=True, kw_only=True)
class Appended:
    """What an append did; `rows` is the number of appended rows."""

    path: Path
    created: bool
    """Whether the header was written too."""
    rows: int
    set_aside: Path | None
    """Where the torn bytes at the log's end were put."""
    completed: bool
    """Whether the last row was whole except for its line end, which was added."""


def append_rows(path: Path, *, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Appended:
    """Append rows to a log in one write, durable on return, whoever else appends; after LogError it is unchanged."""
    if any(len(row) != len(header) for row in rows):
        message = "a row doesn't have as many cells as the header"
        raise ValueError(message)
    for cell in (cell for row in rows for cell in row if "\0" in cell):
        message = f"{path}: not logged: a cell has a NUL character, which no CSV can hold: {cell[:80]!r}"
        raise LogError(message)
    with explain_os_errors(path, LogError):
        target, _ = resolve_target(path, LogError)
        with suppress(FileExistsError):
            target.parent.mkdir()
            sync_folder(target.parent.parent)
        log = _open_log(path, target)
        try:
            with critical_section:
                return _append(log, header, rows)
        finally:
            os.close(log.fd)


class _Log(NamedTuple):
    """A locked log: `made` if this call made the file."""

    name: Path
    target: Path
    fd: int
    made: bool


def _open_log(name: Path, target: Path) -> _Log:
    """Open and lock a log, and make sure that its name still leads to it when it is locked."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
    for _ in range(1000):
        made = True
        try:
            fd = os.open(target, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            made = False
            try:
                fd = os.open(target, flags)
            except FileNotFoundError:
                continue
        try:
            lock(fd)
            if is_open_as(target, fd) and stat.S_ISREG(os.fstat(fd).st_mode):
                return _Log(name, target, fd, made)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
    message = f"{name}: not logged: the file keeps being replaced by others; try again"
    raise LogError(message)


def _append(log: _Log, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Appended:
    """Repair the end of a locked log and append to it, or leave it unchanged."""
    with os.fdopen(log.fd, "rb", closefd=False) as file:
        data = file.read()
    size = len(data)
    end = len(_BOM) if data.startswith(_BOM) else 0
    head = first[0] if (first := _RECORD.match(data, end)) else data[end:]
    while record := _RECORD.match(data, end):
        end = record.end()
    torn = data[end:]
    cells = _parse(torn)
    completed = len(cells) == len(header) if first else cells == list(header)
    headed = bool(first) or completed
    if (headed and _parse(head) != list(header)) or not (headed or (_encode(header) + b"\r\n").startswith(head)):
        got = head[:200].decode(errors="replace").strip()
        message = f"{log.name}: not logged: its columns are {got!r}, not those of a log of pbl; use another --label"
        raise LogError(message)
    line_end = b"\r\n" if head.endswith((b"\r\n", b"\r")) and headed else b"\n"
    lines = [_encode(row) + line_end for row in ([] if headed else [header]) + list(rows)]
    if completed:
        lines.insert(0, b"\n" if torn.endswith(b"\r") else line_end)
    set_aside = None
    try:
        if torn and not completed:
            set_aside = name_next(log.target, "torn")
            write_whole(set_aside, torn, replace=False)
            os.ftruncate(log.fd, end)
            size = end
        write_all(log.fd, b"".join(lines))
        os.fsync(log.fd)
        sync_folder(log.target.parent)
    except BaseException as error:
        undone = _undo_append(log, size)
        if not isinstance(error, (OSError, OutputError)):
            raise
        why = explain(error) if isinstance(error, OSError) else str(error)
        moved = f"; its torn last bytes are in {set_aside}" if set_aside and size == end else ""
        message = f"{log.name}: {'not' if undone else 'perhaps'} logged: {why}{moved}"
        raise LogError(message) from error
    return Appended(path=log.name, created=not headed, rows=len(rows), set_aside=set_aside, completed=completed)


def _undo_append(log: _Log, size: int) -> bool:
    """Cut a log back to its former size, or remove it if it is new; say whether that worked."""
    for _ in range(2):
        with suppress(OSError):
            os.ftruncate(log.fd, size)
            if log.made and not size:
                drop(log.target)
            with suppress(OSError):
                os.fsync(log.fd)
            return True
    return False


def _encode(row: Sequence[str]) -> bytes:
    return csv_line(row).encode(errors="backslashreplace")


def _parse(record: bytes) -> list[str]:
    """Take one record apart; a record that can't be whole has no cells."""
    line = record.rstrip(b"\r\n") + b"\n"
    if b"\0" in line or not _RECORD.fullmatch(line):
        return []
    try:
        return next(csv_records([line.decode()]))
    except (UnicodeDecodeError, csv.Error):
        return []
