"""One pass over a file's bytes: their hash, and what a fast engine would read otherwise than `tokenize`."""

from __future__ import annotations

import codecs
import hashlib
import os
from collections import deque
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from concurrent.futures import Future, ThreadPoolExecutor

RECORD_LIMIT = 1 << 20
"""Bytes that one record may have; a longer one is no row of predictions."""

_CHUNK = 1 << 20
HEAD = 4096
_EARLY = 32 << 20
_AHEAD = 4
_SPACES = (b" ", b"\t", b"\x0b", b"\x0c")
_ORDINARY = bytes(byte for byte in range(0x21, 0x7F) if byte not in b'",')


class Glance:
    """What some bytes show, a chunk after the other; `endless` is the number of a line that is too long."""

    endless: int | None = None
    ends = True
    """Whether the last line has a line end."""
    _decoder: codecs.IncrementalDecoder | None = None

    def __init__(self, head: bytes) -> None:
        self.size = self.lf = self.cr = self.crlf = self.commas = 0
        self.nul = self.quote = self.blank = self.spaced = False
        self.utf8 = self.ascii = True
        self._rhythm = _Rhythm(head)
        self._last = b""
        self._line = 0

    def plain(self, width: int) -> bool:
        """Say whether commas and line ends alone part the cells, `width` a line; some engines overlook a last comma."""
        lines = self.lf + (not self.ends)
        return (
            self.commas == lines * (width - 1)
            and not (self.nul or self.quote or self.blank)
            and self.utf8
            and self.cr == self.crlf
            and self.crlf in {0, self.lf}
        )

    def look(self, chunk: bytes) -> None:
        """Take the next chunk in."""
        self.size += len(chunk)
        first = chunk.find(b"\n") + 1
        if self._line + (first or len(chunk)) > RECORD_LIMIT:
            self.endless = self.lf + 1
        self._line = len(chunk) - chunk.rfind(b"\n") - 1 if first else self._line + len(chunk)
        # What is left says all there is to know, at a fifth of the cost of looking for each thing in the whole.
        rest = chunk.translate(None, _ORDINARY)
        if counts := self._rhythm.counts(rest):
            lf, cr, commas = counts
        else:
            lf, cr, commas = rest.count(b"\n"), rest.count(b"\r"), rest.count(b",")
            self.spaced = self.spaced or any(space in rest for space in _SPACES)
            self.nul = self.nul or b"\0" in rest
            self.quote = self.quote or b'"' in rest
            self.blank = self.blank or b"\n\n" in rest or b"\n\r\n" in rest
        self.lf, self.cr, self.commas = self.lf + lf, self.cr + cr, self.commas + commas
        if cr:
            self.crlf += chunk.count(b"\r\n")
        seam = self._last[-2:] + chunk[:2]
        self.crlf += self._last[-1:] + chunk[:1] == b"\r\n"
        self.blank = self.blank or b"\n\n" in seam or b"\n\r\n" in seam
        if self.utf8 and (self._decoder or not (counts or rest.isascii())):
            self.ascii, self.spaced = False, True
            self._decoder = self._decoder or codecs.getincrementaldecoder("utf-8")()
            self.utf8 = _decodes(self._decoder, chunk)
        self._last = (self._last + chunk[-4:])[-4:]

    def finish(self) -> None:
        """Take note that there are no more."""
        if self.utf8 and self._decoder:
            self.utf8 = _decodes(self._decoder, b"", final=True)
        self.ends = self._last.endswith(b"\n")


class Screen(Glance):
    """What one pass over all of a file's bytes shows, and their hash.

    It ends at a line that is too long: the rest of such a file is worth no time.
    """

    def __init__(self, fd: int) -> None:
        super().__init__(os.pread(fd, HEAD, 0))
        self.early = ""
        self.sha256: str | None = None
        self._fd = fd

    def run(self) -> None:
        """Make the pass; `size` grows meanwhile. The descriptor's position is neither used nor moved."""
        digest = _Hash()
        while not self.endless and (chunk := os.pread(self._fd, _CHUNK, self.size)):
            digest.update(chunk)
            self.look(chunk)
            if self.size >= _EARLY and not self.early:
                self.early = digest.hexdigest()
        self.finish()
        self.sha256 = None if self.endless else digest.hexdigest()
        digest.close()
        self.early = self.early or self.sha256 or early_hash(self._fd)


def early_hash(fd: int) -> str:
    """Return the hash of the bytes that `Screen.early` is of."""
    digest = hashlib.sha256()
    at = 0
    while at < _EARLY and (chunk := os.pread(fd, _CHUNK, at)):
        digest.update(chunk)
        at += len(chunk)
    return digest.hexdigest()


class _Rhythm:
    """What is left of lines with as many cells as the first, over and over: commas and a line end.

    To see that nothing else is there takes one comparison of memory, and the counts follow from the length.
    """

    def __init__(self, head: bytes) -> None:
        first, end, _ = head.partition(b"\n")
        self._commas = first.count(b",")
        self._beat = b"," * self._commas + (b"\r\n" if end and first.endswith(b"\r") else b"\n")
        self._beats = self._beat
        self._phase = 0

    def counts(self, rest: bytes) -> tuple[int, int, int] | None:
        """Return how many LF, CR and commas go on with the rhythm, None if something else does."""
        if not self._commas:
            return None  # blank lines would go on with it too
        needed = self._phase + len(rest)
        if needed > len(self._beats):
            self._beats = self._beat * (needed // len(self._beat) + 1)
        if not self._beats.startswith(rest, self._phase):
            # Where a line begins, so does the rhythm.
            self._phase = min(len(rest) - rest.rfind(b"\n") - 1, self._commas)
            return None
        before, after = self._until(self._phase), self._until(needed)
        self._phase = needed % len(self._beat)
        lf, cr, commas = (b - a for a, b in zip(before, after, strict=True))
        return lf, cr, commas

    def _until(self, place: int) -> tuple[int, int, int]:
        beats, into = divmod(place, len(self._beat))
        returns = len(self._beat) - self._commas - 1
        cr = beats * returns + (returns and into > self._commas)
        return beats, cr, beats * self._commas + min(into, self._commas)


class _Hash:
    """A SHA-256 that takes whole chunks in while its owner looks at them too."""

    def __init__(self) -> None:
        self._digest = hashlib.sha256()
        self._pool: ThreadPoolExecutor | None = None
        self._due: deque[Future[None]] = deque()

    def update(self, chunk: bytes) -> None:
        """Take a chunk in, in another thread if that is worth it; some may wait, as the two seldom keep step."""
        if len(chunk) < _CHUNK:
            self._wait(0)
            self._digest.update(chunk)
            return
        if self._pool is None:
            from concurrent.futures import ThreadPoolExecutor  # noqa: PLC0415 - it takes longer to load than a small file

            self._pool = ThreadPoolExecutor(1)
        self._wait(_AHEAD - 1)
        self._due.append(self._pool.submit(self._digest.update, chunk))

    def hexdigest(self) -> str:
        """Return the hash of all that was taken in."""
        self._wait(0)
        return self._digest.hexdigest()

    def close(self) -> None:
        if self._pool:
            self._pool.shutdown()

    def _wait(self, most: int) -> None:
        while len(self._due) > most:
            self._due.popleft().result()


def _decodes(decoder: codecs.IncrementalDecoder, chunk: bytes, *, final: bool = False) -> bool:
    try:
        decoder.decode(chunk, final)
    except UnicodeDecodeError:
        return False
    return True
