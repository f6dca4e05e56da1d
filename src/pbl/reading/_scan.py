"""Scan a file's bytes in one pass: their hash, and what decides whether a fast engine reads them as `tokenize` does.

The first step of reading a CSV file: each chunk goes to a `Scanner`, and its result is a `Scan`.
"""

from __future__ import annotations

import codecs
import hashlib
import os
from collections import deque
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Self

from pbl.reading._rhythm import Rhythm

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

RECORD_LIMIT = 1 << 20
"""The most bytes of one record; a longer one is not a row of predictions."""

CHUNK = 1 << 20
HEAD = 4096
EARLY = 32 << 20
_AHEAD = 4 << 20
_SPACES = (b" ", b"\t", b"\x0b", b"\x0c")
_ORDINARY = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'",')
_TELLING = (b'"', b"\0", b"\r", *_SPACES)
"""Bytes without which, in ASCII, a line is its cells with commas between them."""
_PIECE = 1 << 16
"""So few bytes stay in the processor's cache while they are searched for one byte after the other."""


@dataclass(frozen=True, kw_only=True)
class Scan:
    """The facts about a file's bytes; `size` in bytes, `sha256` in hex."""

    size: int
    lf: int
    cr: int
    crlf: int
    commas: int
    nul: bool
    quote: bool
    blank: bool
    """Whether a line is blank."""
    spaced: bool
    """Whether there may be white space in a cell."""
    utf8: bool
    ascii: bool
    ends: bool
    """Whether the last line has a line end."""
    endless: int | None
    """The number of a line that is too long; the rest of such a file was not looked at."""
    sha256: str | None
    """The hash of all bytes; None if the rest was not looked at, or no hash was asked for."""
    early: str
    """The hash of the first bytes, as `early_hash` gives it."""

    @property
    def rows(self) -> int:
        """Return the number of lines below the first, which are the rows of a plain file."""
        return self.lf - self.ends

    def plain(self, width: int) -> bool:
        """Say whether only commas and line ends separate the cells, `width` a line; engines may miss a last comma."""
        lines = self.lf + (not self.ends)
        return (
            self.commas == lines * (width - 1)
            and not (self.nul or self.quote or self.blank)
            and self.utf8
            and self.cr == self.crlf
            and self.crlf in {0, self.lf}
        )


class Scanner:
    """Scans the bytes of a file, one chunk after the other, and hashes them if `hashed`."""

    def __init__(self, head: bytes, *, hashed: bool) -> None:
        self.size = 0
        self.endless: int | None = None
        self.ascii = True
        self.spaced = False
        self._lf = self._cr = self._crlf = self._commas = 0
        self._nul = self._quote = self._blank = False
        self._utf8 = True
        self._decoder: codecs.IncrementalDecoder | None = None
        self._rhythm = Rhythm(head)
        self._last = b""
        self._line = 0
        self._digest = _Hash() if hashed else None
        self._early = ""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self._digest:
            self._digest.close()

    @property
    def odd(self) -> bool:
        """Say whether a byte was found that no plain file has."""
        return self._quote or self._nul or self._blank or not self._utf8 or self.endless is not None

    def look(self, data: bytes, *, after: bytes = b"") -> None:
        """Scan the next bytes: `data` without its beginning `after`, which was scanned before."""
        if len(data) <= RECORD_LIMIT or _lines_are_short(data):
            self._look(data, after)
        else:
            for start in range(len(after), len(data), RECORD_LIMIT):
                self._look(data[start : start + RECORD_LIMIT], b"")

    def skim(self, lines: bytes, *, after: bytes) -> bool:
        """Take the next bytes if they are whole lines of ASCII without quotes, spaces, CR and NUL; else leave them.

        Whoever parses them then says by `count_rows` how many lines there were.
        """
        if not (lines.endswith(b"\n") and _lines_are_short(lines) and _tells_nothing(lines)):
            return False
        self._hash(memoryview(lines)[len(after) :])
        self.size += len(lines) - len(after)
        self._line, self._last = 0, lines[-4:]
        return True

    def count_rows(self, rows: int, width: int) -> None:
        """Count lines that were skimmed, as a parser found them: each has so many cells, and none is blank."""
        self._lf += rows
        self._commas += rows * (width - 1)

    def scan(self, *, whole: bool = True) -> Scan:
        """Return the scan; of a file's beginning (not `whole`) the last line counts as complete."""
        if whole and self._utf8 and self._decoder:
            self._utf8 = _decodes(self._decoder, b"", final=True)
        sha256 = self._digest.hexdigest() if self._digest and whole and not self.endless else None
        return Scan(
            size=self.size,
            lf=self._lf,
            cr=self._cr,
            crlf=self._crlf,
            commas=self._commas,
            nul=self._nul,
            quote=self._quote,
            blank=self._blank,
            spaced=self.spaced,
            utf8=self._utf8,
            ascii=self.ascii,
            ends=self._last.endswith(b"\n") or not whole,
            endless=self.endless,
            sha256=sha256,
            early=self._early or sha256 or "",
        )

    def _look(self, chunk: bytes, after: bytes) -> None:
        """Scan a chunk without its first bytes; no line that is too long is hidden in its middle."""
        start = len(after)
        size = len(chunk) - start
        self._hash(memoryview(chunk)[start:])
        self.size += size
        first = chunk.find(b"\n", start) + 1
        if self._line + (first - start if first else size) > RECORD_LIMIT:
            self.endless = self._lf + 1
        self._line = len(chunk) - chunk.rfind(b"\n", start) - 1 if first else self._line + size
        # The bytes that remain show everything, at a fifth of the cost of searching the whole for each of them.
        rest = chunk.translate(None, _ORDINARY).removeprefix(after)
        if counts := self._rhythm.counts(rest):
            lf, cr, commas = counts
        else:
            lf, cr, commas = rest.count(b"\n"), rest.count(b"\r"), rest.count(b",")
            self.spaced = self.spaced or any(space in rest for space in _SPACES)
            self._nul = self._nul or b"\0" in rest
            self._quote = self._quote or b'"' in rest
            self._blank = self._blank or b"\n\n" in rest or b"\n\r\n" in rest
        self._lf, self._cr, self._commas = self._lf + lf, self._cr + cr, self._commas + commas
        if cr:
            self._crlf += chunk.count(b"\r\n", start)
        seam = self._last[-2:] + chunk[start : start + 2]
        self._crlf += self._last[-1:] + chunk[start : start + 1] == b"\r\n"
        self._blank = self._blank or b"\n\n" in seam or b"\n\r\n" in seam
        if self._utf8 and (self._decoder or not (counts or rest.isascii())):
            self.ascii, self.spaced = False, True
            self._decoder = self._decoder or codecs.getincrementaldecoder("utf-8")()
            self._utf8 = _decodes(self._decoder, chunk[start:])
        self._last = (self._last + chunk[max(start, len(chunk) - 4) :])[-4:]

    def _hash(self, chunk: memoryview) -> None:
        if self._digest is None:
            return
        left = EARLY - self.size
        if 0 < left <= len(chunk):
            self._digest.update(chunk[:left])
            self._early = self._digest.hexdigest()
            chunk = chunk[left:]
        self._digest.update(chunk)


def scan_file(fd: int, scanner: Scanner, *, chunk: int = CHUNK) -> Scan:
    """Scan every byte of an open file, up to a line that is too long.

    The descriptor's position is neither used nor moved. Raises OSError where the system can't read on.
    """
    while not scanner.endless and (data := os.pread(fd, chunk, scanner.size)):
        scanner.look(data)
    scan = scanner.scan()
    return scan if scan.early else replace(scan, early=early_hash(fd))


def early_hash(fd: int) -> str:
    """Return the hash of a file's first bytes: more than can be hashed within one tick of a file system's clock."""
    digest = hashlib.sha256()
    at = 0
    while at < EARLY and (chunk := os.pread(fd, CHUNK, at)):
        digest.update(chunk)
        at += len(chunk)
    return digest.hexdigest()


class _Hash:
    """A SHA-256 that hashes whole chunks while its owner scans them."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._due: deque[Future[None]] = deque()

    def update(self, chunk: memoryview) -> None:
        """Hash a chunk, in another thread if it is large; a few chunks may wait, as the threads differ in speed."""
        if len(chunk) < CHUNK:
            self._wait(0)
            self._digest.update(chunk)
            return
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - it takes longer to load than a small file

            self._pool = ThreadPoolExecutor(1)
        self._wait(max(_AHEAD // len(chunk), 1) - 1)
        self._due.append(self._pool.submit(self._digest.update, chunk))

    def hexdigest(self) -> str:
        """Return the hash of all chunks."""
        self._wait(0)
        return self._digest.hexdigest()

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown()

    def _wait(self, most: int) -> None:
        while len(self._due) > most:
            self._due.popleft().result()


def _lines_are_short(data: bytes) -> bool:
    """Say whether no line within can be longer than RECORD_LIMIT: there is a line end in each half of that."""
    half = RECORD_LIMIT // 2
    return all(data.find(b"\n", at, at + half) >= 0 for at in range(0, len(data) - half + 1, half))


def _tells_nothing(data: bytes) -> bool:
    """Say whether the bytes are ASCII without _TELLING; each search is one call, as fast as memory is read."""
    pieces = range(0, len(data), _PIECE)
    return data.isascii() and all(data.find(byte, at, at + _PIECE) < 0 for at in pieces for byte in _TELLING)


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
