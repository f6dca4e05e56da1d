"""Parse an opened file: bytes into lines, lines into records of cells, as in RFC 4180.

`rows`, `_header` and `targets` parse with it.
"""

from __future__ import annotations

import io
import os
import re

from pbl.reading._scan import RECORD_LIMIT

BOM = b"\xef\xbb\xbf"

_BUFFER = 1 << 20
_PRINTED = 1000
_QUOTED = re.compile(r'"([^"]*+(?:""[^"]*+)*+)"')
_TO_CLOSE = re.compile(r'([^"]*+(?:""[^"]*+)*+)"')


class Lines:
    """The file's lines with their ends, as text; lines can be put back."""

    def __init__(self, fd: int) -> None:
        start = len(BOM) if os.pread(fd, len(BOM), 0) == BOM else 0
        self._file = io.BufferedReader(_Bytes(fd, start), _BUFFER)
        self._again: list[str] = []
        self.given_back = 0

    def take(self) -> str | None:
        """Return the next line, or None at the end."""
        if self._again:
            return self._again.pop()
        line = self._file.readline(RECORD_LIMIT)
        return line.decode("utf-8", "surrogateescape") if line else None

    def give_back(self, lines: list[str]) -> None:
        """Put lines back, to be read again in the same order."""
        self._again += reversed(lines)
        self.given_back += sum(map(len, lines))


class Record:
    """One record read from the lines: its cells, its raw text and, if it is broken, how."""

    def __init__(self, lines: Lines, first: str) -> None:
        self.cells: list[str] = []
        self.fault: str | None = None
        self.endless = False
        self._lines = lines
        self._taken = [first]
        self._line, self._stop, self._at = first, _stop(first), 0
        if '"' in first:
            while self._cell():
                pass
        else:
            self.cells = first[: self._stop].split(",")
        if self.fault == "PBL105" and not self.endless:
            lines.give_back(self._taken[1:])
            del self._taken[1:]

    @property
    def raw(self) -> str:
        """Return the raw text of the record, without its line end."""
        whole = "".join(self._taken)
        return whole[: _stop(whole)]

    @property
    def end(self) -> str:
        """Return the record's line end: LF, CRLF, or nothing at the end of the file."""
        return self._taken[-1][_stop(self._taken[-1]) :]

    @property
    def bare_cr(self) -> bool:
        """Say whether it has a CR that is part neither of its line end nor of a quoted cell."""
        raw = self.raw
        return "\r" in raw and "\r" in re.sub(_QUOTED, "", raw)

    def _cell(self) -> bool:
        """Read one cell, and say whether another one follows."""
        if self._line.startswith('"', self._at):
            self._read_quoted()
        else:
            comma = self._line.find(",", self._at, self._stop)
            end = self._stop if comma < 0 else comma
            self.cells.append(self._line[self._at : end])
            self._at = end
            if '"' in self.cells[-1]:
                self.fault = "PBL105"
        if self.fault or self._at >= self._stop:
            return False
        if self._line[self._at] != ",":
            self.fault = "PBL105"
            return False
        self._at += 1
        return True

    def _read_quoted(self) -> None:
        """Read a quoted cell, with all lines that it spans."""
        match = _QUOTED.match(self._line, self._at)
        if match:
            self.cells.append(match[1].replace('""', '"'))
            self._at = match.end()
            return
        pieces = [self._line[self._at + 1 :]]
        size = len(self._line)
        while (more := self._lines.take()) is not None and (size := size + len(more)) <= RECORD_LIMIT:
            self._taken.append(more)
            close = _TO_CLOSE.match(more)
            if close:
                self.cells.append("".join([*pieces, close[1]]).replace('""', '"'))
                self._line, self._stop, self._at = more, _stop(more), close.end()
                return
            pieces.append(more)
        self.fault, self.endless = "PBL105", True


class _Bytes(io.RawIOBase):
    """A file's bytes from a place on; the descriptor's own position is neither used nor moved."""

    def __init__(self, fd: int, at: int) -> None:
        self._fd, self._at = fd, at

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: memoryview) -> int:  # type: ignore[override] # of all buffers this is what it is given
        data = os.pread(self._fd, len(buffer), self._at)
        buffer[: len(data)] = data
        self._at += len(data)
        return len(data)


def _stop(line: str) -> int:
    """Return the length of the line's text without its end."""
    return len(line) - (2 if line.endswith("\r\n") else 1 if line.endswith("\n") else 0)


def printable(raw: str) -> str:
    """Return raw text that can be printed: with bytes that aren't UTF-8 escaped, and with bounded length."""
    text = raw[:_PRINTED]
    return text if text.isascii() else text.encode("utf-8", "surrogateescape").decode("utf-8", "backslashreplace")
