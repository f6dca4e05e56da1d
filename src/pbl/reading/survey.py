"""Read bytes for exactly what they say, or say what is wrong with them.

The dialect is RFC 4180 and nothing beyond it: UTF-8 (a byte-order mark is allowed), a comma, whole cells in double
quotes with quotes doubled, every line ended alike by LF or by CRLF, no blank line, no NUL, as many cells in each row
as in the header. `survey` opens a file once and looks at every byte; `tokens` takes a file apart cell by cell. A file
that `survey` finds plain (no quote, no oddity) may be read by a faster engine, which then can't read it otherwise.
"""

from __future__ import annotations

import os
import re
import unicodedata
from collections import Counter
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

from pbl.domain.errors import ChangedError, UnreadableError
from pbl.domain.findings import Example, Finding, finding
from pbl.domain.progress import Progress
from pbl.domain.values import NUMBER
from pbl.reading._records import BOM, Lines, Record
from pbl.reading._scan import HEAD, RECORD_LIMIT, Glance, Screen, early_hash
from pbl.storage.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pbl.domain.contract import Contract

_RAW_SHOWN = 1000
_GLANCED = 1 << 20
_STILL_S = 10.0
_WIDE_BOMS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_MAGIC = {
    b"\x1f\x8b": "gzip data",
    b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"PK\x05\x06": "a zip archive",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\0": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"7z\xbc\xaf\x27\x1c": "a 7-zip archive",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"SQLite format 3\0": "an SQLite database",
    b"%PDF-": "a PDF",
    b"\x89PNG\r\n": "a PNG picture",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document",
    b"\x80\x04\x95": "a Python pickle",
    b"\x80\x05\x95": "a Python pickle",
}
_DATA = re.compile(rf"{NUMBER}|[+-]?(nan|inf(inity)?)|n/?a|null|none|", re.IGNORECASE)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """An opened file and what its bytes are; `fd` is open until `close`, and None where there is nothing to read."""

    path: Path
    pillar: str | None
    fd: int | None = None
    identity: tuple[int, ...] = ()
    early: str = ""
    sha256: str | None = None
    size: int | None = None
    rows: int = 0
    """Data rows, true of a plain file."""
    header: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    """Where the contract's columns stand in a row, the id first; empty if the header isn't as it must be."""
    plain: bool = False
    utf8: bool = True
    ascii: bool = True
    nul: bool = False
    spaced: bool = True
    """Whether there may be white space in a cell: any other than line ends, or a line end within quotes."""
    first: str | None = None
    """The first row's id, if the header is as it must be."""
    ends: bool = True
    """Whether the last line has a line end."""
    findings: tuple[Finding, ...] = ()
    stopped: bool = False
    """Whether what was found makes taking the file apart pointless."""

    def close(self) -> None:
        """Close the file."""
        if self.fd is not None:
            os.close(self.fd)

    def bears_out(self, guess: Survey) -> bool:
        """Say whether what was done by a guess of this survey may stand: it is plain, and nowhere less orderly."""
        same = (self.header, self.columns) == (guess.header, guess.columns)
        return self.plain and same and not self.stopped and self.spaced <= guess.spaced

    def unchanged(self, before: datetime | None = None) -> None:
        """Raise ChangedError if the file's bytes may not be those that were surveyed.

        Size, times and identity are compared. Two writes within one tick of the file system's clock leave the same
        times, so the first bytes, more than can be hashed within a tick, are hashed again; but not where the file had
        lain still for a while at a moment `before` the survey.
        """
        if self.fd is None:
            return
        still = before is not None and max(self.identity[-2:]) < (before.timestamp() - _STILL_S) * 1e9
        if _identity(os.fstat(self.fd)) != self.identity or not (still or early_hash(self.fd) == self.early):
            raise _changed(self.path)


def survey(path: Path, pillar: str | None, contract: Contract, progress: Progress = Progress()) -> Survey:
    """Open a regular file, hash and screen every byte, and check its header.

    Raises InputError if there is no such file; whatever else is wrong with it is a finding.
    """
    source = opened(path, pillar)
    try:
        known = looked_over(source, contract, progress)
    except BaseException:
        source.close()
        raise
    if known.fd is None:
        source.close()
    return known


def opened(path: Path, pillar: str | None) -> Survey:
    """Open a regular file, of which nothing more is known then; else the survey says why, and is `stopped`.

    Raises InputError if there is no such file.
    """
    try:
        fd = open_regular(path)
    except UnreadableError as error:
        return _unreadable(path, pillar, error.reason)
    about = os.fstat(fd)
    return Survey(path=path, pillar=pillar, fd=fd, identity=_identity(about), size=about.st_size)


def looked_over(source: Survey, contract: Contract, progress: Progress = Progress()) -> Survey:
    """Hash and screen every byte of an opened file, and check its header; it is for the caller to close."""
    if source.fd is None:
        return source
    fd, size = source.fd, max(source.size or 0, 1)
    try:
        screen = Screen(fd)
        progress.stage(f"reading {source.path.name}", lambda: screen.size / size)
        screen.run()
        if source.size and not screen.endless and screen.size != source.size:  # some systems' files say 0
            raise _changed(source.path)
        known = replace(source, early=screen.early, sha256=screen.sha256, size=screen.size)
        return _judge(known, contract, screen, os.pread(fd, HEAD, 0))
    except OSError as error:
        return _unreadable(source.path, source.pillar, f"cannot be read: {error.strerror}")


def guessed(source: Survey, contract: Contract) -> Survey | None:
    """Return what looking an opened file over will most likely show, by its beginning; None if it isn't plain.

    The number of rows is an estimate.
    """
    if source.fd is None:
        return None
    try:
        head = os.pread(source.fd, _GLANCED, 0)
        head = head[: head.rfind(b"\n") + 1]
        glance = Glance(head)
        glance.look(head)
        guess = _judge(source, contract, glance, head[:HEAD])
    except OSError:
        return None
    if guess.stopped or not guess.plain or not guess.columns or not guess.rows:
        return None
    return replace(guess, rows=max(guess.rows * (source.size or 0) // len(head), 1))


def _judge(source: Survey, contract: Contract, screen: Glance, head: bytes) -> Survey:
    """Say what the bytes are, and whether the header is the contract's."""
    misfit = _misfit(screen, head, contract)
    if misfit is None:
        lines = Lines(source.fd or 0)
        record = Record(lines, lines.take() or "")
        second = lines.take()
        below = Record(lines, second) if second else None
        misfit = _misread(record)
        if misfit is None:
            header = tuple(record.cells)
            columns, findings = _columns(source, contract, header)
            rows = screen.lf - screen.ends
            first = below.cells[columns[0]] if below and columns and len(below.cells) == len(header) else None
            return replace(
                source,
                utf8=screen.utf8,
                ascii=screen.ascii,
                spaced=screen.spaced or screen.quote,
                nul=screen.nul,
                ends=screen.ends,
                rows=rows,
                header=header,
                columns=columns,
                plain=screen.plain(len(header)),
                first=first,
                findings=tuple(findings),
            )
    code, message, row = misfit
    return replace(source, findings=(_finding(source, code, message, row),), stopped=True)


def _misfit(screen: Glance, head: bytes, contract: Contract) -> tuple[str, str, int | None] | None:
    """Return the code, message and row of why the bytes are no text to take apart, or None."""
    headed = head.partition(b"\n")[0].removesuffix(b"\r") == ",".join(contract.columns).encode()
    kind = None if headed else next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if not (kind or headed) and re.match(rb"\s*<(!doctype|html|\?xml)", head, re.IGNORECASE):
        kind = "a web page or XML"
    if kind:
        return "PBL109", f"is {kind}, not CSV", None
    wide = next((name for bom, name in _WIDE_BOMS.items() if head.startswith(bom)), None) or _unmarked(head)
    if wide:
        return "PBL103", f"is {wide}, not UTF-8", None
    if screen.size <= len(head) and not head.removeprefix(BOM).strip():
        return "PBL102", "holds nothing but white space" if screen.size else "is empty", None
    if screen.cr and not screen.lf and not screen.quote:
        return "PBL108", "ends its lines with CR alone", 1
    if screen.endless:
        row = None if screen.quote else screen.endless
        return "PBL109", f"has a line of more than {RECORD_LIMIT:,} bytes", row
    return None


def _misread(header: Record) -> tuple[str, str, int | None] | None:
    """Return the code, message and row of why the header can't be taken apart, or None."""
    if header.fault:
        return header.fault, "the header is broken by a quote", 1
    if not header.raw.strip():
        return "PBL303", "the first line is blank, where the header should stand", 1
    only = header.cells[0] if len(header.cells) == 1 else ""
    delimiter = next((d for d in ";\t|" if d in only), None)
    if delimiter:
        name = "a tab" if delimiter == "\t" else repr(delimiter)
        return "PBL104", f"columns are separated by {name}, not by a comma: {shown(only)[:80]!r}", 1
    return None


def _columns(source: Survey, contract: Contract, header: tuple[str, ...]) -> tuple[tuple[int, ...], list[Finding]]:
    """Return where the contract's columns stand (nothing if they don't), and what is wrong with the header."""
    wanted = contract.columns
    folded = {_folded(name) for name in wanted}
    if not any(_folded(name) in folded for name in header) and any(_DATA.fullmatch(name) for name in header):
        text = ",".join(header)
        return (), [_finding(source, "PBL206", "the first row looks like data, not like a header", 1, value=text)]
    faults = [*_repeated(header), *_misnamed(header, wanted)]
    if faults:
        return (), [_finding(source, code, text, 1, column=name, value=raw) for code, text, name, raw in faults]
    found = []
    if header != wanted:
        text = ",".join(header)
        found = [_finding(source, "PBL207", f"the columns stand in another order: {text}", 1, value=text)]
    return tuple(header.index(name) for name in wanted), found


def _repeated(header: tuple[str, ...]) -> Iterator[tuple[str, str, str, str]]:
    for name, times in Counter(header).items():
        if name and times > 1:
            yield "PBL203", f"the column {name!r} stands {times} times in the header", name, name


def _misnamed(header: tuple[str, ...], wanted: tuple[str, ...]) -> Iterator[tuple[str, str, str, str | None]]:
    """Yield code, message, column and raw name of what is missing, misspelt or too much in a header."""
    extra = [name for name in dict.fromkeys(header) if name not in wanted]
    for name in wanted:
        if name in header:
            continue
        near = next((other for other in extra if _folded(other) == _folded(name)), None)
        if near is None:
            yield "PBL201", f"there is no column {name!r}; the header is {shown(','.join(header))!r}", name, None
        else:
            extra.remove(near)
            yield "PBL204", f"the column {near!r} should be named {name!r}", name, near
    for name in extra:
        if not name.strip():
            yield "PBL205", "a column has no name", name, name
        elif name.startswith("Unnamed:"):
            yield "PBL205", f"the column {name!r} had no name", name, name
        else:
            yield "PBL202", f"the column {name!r} is not expected; expected are {', '.join(wanted)}", name, name


def _folded(name: str) -> str:
    return unicodedata.normalize("NFKC", name).replace("\ufeff", "").strip().strip("'\"").strip().casefold()


def _changed(path: Path) -> ChangedError:
    return ChangedError(f"{path}: changed while it was being read; wait until it is whole, then try again")


def _unreadable(path: Path, pillar: str | None, reason: str) -> Survey:
    source = Survey(path=path, pillar=pillar, stopped=True)
    return replace(source, findings=(_finding(source, "PBL101", reason, None),))


def _finding(
    source: Survey, code: str, message: str, row: int | None, *, column: str | None = None, value: str | None = None
) -> Finding:
    raw = None if value is None else shown(value)
    examples = () if row is None else (Example(row=row, value=raw),)
    return finding(code, file=str(source.path), pillar=source.pillar, column=column, message=message, examples=examples)


def _identity(about: os.stat_result) -> tuple[int, ...]:
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)


def _unmarked(head: bytes) -> str | None:
    """Name the encoding if every other byte of the beginning is NUL, or three of four, as wide Latin text has it."""
    start = head[:64]
    if len(start) <= len("id") or not any(start) or (any(start[1::2]) and any(start[::2])):
        return None
    wider = sum(any(start[place::4]) for place in range(4)) == 1
    return f"{'UTF-32' if wider else 'UTF-16'} without a byte-order mark"


def shown(raw: str) -> str:
    """Return the raw text as it can be printed: bytes that aren't UTF-8 escaped, and of bounded length."""
    text = raw[:_RAW_SHOWN]
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
