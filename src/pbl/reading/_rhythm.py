"""The commas and line ends of a file, counted without a look at each, as long as all lines are alike.

`_scan` takes from a chunk all other bytes, and asks whether what remains goes on as the file began.
"""

from __future__ import annotations


class Rhythm:
    """The commas and line ends of lines that all have as many cells as the first.

    One comparison of memory shows whether there is anything else; the counts follow from the length.
    """

    def __init__(self, head: bytes) -> None:
        """Take the rhythm from the first line of a file's head."""
        first, end, _ = head.partition(b"\n")
        self._commas = first.count(b",")
        self._beat = b"," * self._commas + (b"\r\n" if end and first.endswith(b"\r") else b"\n")
        self._beats = self._beat
        self._phase = 0

    def counts(self, rest: bytes) -> tuple[int, int, int] | None:
        """Return the number of LF, CR and commas if the bytes keep the rhythm, else None."""
        if not self._commas:
            return None  # blank lines would keep it too
        needed = self._phase + len(rest)
        if needed > len(self._beats):
            self._beats = self._beat * (needed // len(self._beat) + 1)
        if not self._beats.startswith(rest, self._phase):
            # The rhythm begins where a line begins.
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
