"""Open a CSV file and survey it: hash and scan every byte, and read its header.

The first step for every CSV file, before its rows are read. The dialect is RFC 4180 and nothing more: UTF-8 (a
byte-order mark is allowed), a comma, whole cells in double quotes with quotes doubled, all lines ended by LF or all by
CRLF, no blank line, no NUL, as many cells in each row as in the header. A file that is `plain` (no quote, no oddity)
may be read by a faster engine, which gives the same cells; `rows` parses any other.
"""

from __future__ import annotations

import os
from contextlib import closing, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.errors import ChangedError, UnreadableError
from pbl.domain.progress import Progress
from pbl.reading._header import Header, read_header
from pbl.reading._scan import CHUNK, EARLY, HEAD, Scan, Scanner, early_hash, scan_file
from pbl.storage.files import open_regular

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding

_STILL_S = 10.0


@dataclass(frozen=True, kw_only=True)
class OpenFile:
    """A regular file that is open until `close`; `size` in bytes is that at opening."""

    path: Path
    pillar: str | None
    """The pillar's name; None for a template."""
    fd: int
    identity: tuple[int, ...]
    size: int

    def close(self) -> None:
        """Close the file."""
        os.close(self.fd)


@dataclass(frozen=True, kw_only=True)
class Survey:
    """The facts about an open file's bytes, and its header."""

    file: OpenFile
    scan: Scan
    header: Header

    @property
    def plain(self) -> bool:
        """Say whether a faster engine may read the file: only commas and line ends separate the cells."""
        return not self.header.stopped and self.scan.plain(len(self.header.names))

    @property
    def sha256(self) -> str | None:
        """Return the hash of all bytes; None if the rest was not looked at."""
        return self.scan.sha256

    @property
    def size(self) -> int:
        """Return the bytes of the file."""
        return self.scan.size

    @property
    def ascii(self) -> bool:
        """Say whether all bytes are ASCII."""
        return self.scan.ascii

    @property
    def spaced(self) -> bool:
        """Say whether a cell may have white space: any other than line ends, or a line end within quotes."""
        return self.scan.spaced or self.scan.quote

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return the findings about the bytes and the header; the rows were not checked."""
        return self.header.findings

    def unchanged(self, before: datetime | None = None) -> None:
        """Raise ChangedError if the file's bytes may not be those that were surveyed; see `refuse_changed`."""
        refuse_changed(self.file, self.scan.early, before)


@dataclass(frozen=True, kw_only=True)
class Preview:
    """The facts about the first bytes of a plain file; the number of `rows` is an estimate."""

    header: Header
    ascii: bool
    rows: int


def refuse_changed(file: OpenFile, early: str, before: datetime | None) -> None:
    """Raise ChangedError if a file's bytes may not be those whose first ones had the hash `early`.

    Size, times and identity are compared. Two writes within one tick of the file system's clock leave the same times.
    So the first bytes, more than can be hashed within a tick, are hashed again, unless the file had been unchanged for
    a while at a moment `before` it was read.
    """
    still = before is not None and max(file.identity[-2:]) < (before.timestamp() - _STILL_S) * 1e9
    same = _identity(os.fstat(file.fd)) == file.identity
    if not same or not (still or early_hash(file.fd) == early):
        raise changed_error(file.path)


def early_hash_of(file: OpenFile, sha256: str) -> str:
    """Return the hash of a file's first bytes, which `refuse_changed` compares; `sha256` is that of all bytes."""
    return sha256 if file.size <= EARLY else early_hash(file.fd)


def changed_error(path: Path) -> ChangedError:
    """Return the error of a file that changes while it is read."""
    return ChangedError(f"{path}: changed while it was being read; wait until it is whole, then try again")


def open_file(path: Path, pillar: str | None) -> OpenFile:
    """Open a regular file; raises what `open_regular` does."""
    fd = open_regular(path)
    about = os.fstat(fd)
    return OpenFile(path=path, pillar=pillar, fd=fd, identity=_identity(about), size=about.st_size)


@contextmanager
def open_survey(path: Path, contract: Contract, *, pillar: str | None = None) -> Iterator[Survey]:
    """Open and survey a file, and close it at the end; raises what `open_file` and `survey` do."""
    file = open_file(path, pillar)
    with closing(file):
        yield survey(file, contract)


def survey(file: OpenFile, contract: Contract, *, progress: Progress = Progress(), chunk: int = CHUNK) -> Survey:
    """Hash and scan every byte of an open file, and read its header.

    Raises UnreadableError if the system can't read on, ChangedError if the number of bytes has changed.
    """
    try:
        with Scanner(os.pread(file.fd, HEAD, 0), hashed=True) as scanner:
            progress.stage(f"reading {file.path.name}", lambda: scanner.size / max(file.size, 1))
            return conclude(file, contract, scan_file(file.fd, scanner, chunk=chunk))
    except OSError as error:
        raise UnreadableError(file.path, f"cannot be read: {error.strerror}") from error


def conclude(file: OpenFile, contract: Contract, scan: Scan) -> Survey:
    """Return the survey of a file whose bytes were all scanned by its reader; raises what `survey` does."""
    if file.size and not scan.endless and scan.size != file.size:  # some systems' files say 0
        raise changed_error(file.path)
    try:
        header = read_header(file.fd, contract, scan, os.pread(file.fd, HEAD, 0), path=file.path, pillar=file.pillar)
    except OSError as error:
        raise UnreadableError(file.path, f"cannot be read: {error.strerror}") from error
    return Survey(file=file, scan=scan, header=header)


def preview(file: OpenFile, contract: Contract, *, size: int = CHUNK) -> Preview | None:
    """Read the header and look at the first bytes; return None if they aren't plain, or no row is among them."""
    try:
        head = os.pread(file.fd, size, 0)
        head = head[: head.rfind(b"\n") + 1]
        scanner = Scanner(head, hashed=False)
        scanner.look(head)
        scan = scanner.scan(whole=False)
        header = read_header(file.fd, contract, scan, head[:HEAD], path=file.path, pillar=file.pillar)
    except OSError:
        return None
    seen = Survey(file=file, scan=scan, header=header)
    if not seen.plain or not header.columns or not scan.rows:
        return None
    return Preview(header=header, ascii=scan.ascii, rows=max(scan.rows * file.size // len(head), 1))


def _identity(about: os.stat_result) -> tuple[int, ...]:
    return (about.st_dev, about.st_ino, about.st_size, about.st_mtime_ns, about.st_ctime_ns)
