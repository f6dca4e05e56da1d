"""Progress on a terminal, for work that takes more than a second.

The rooms below call a `domain.progress.Progress`; commands give them this one.
"""

from __future__ import annotations

import os
import sys
import threading
import time
from typing import TYPE_CHECKING

from pbl.domain.progress import Progress

if TYPE_CHECKING:
    from collections.abc import Callable

_SILENT_S = 1.0
_EVERY_S = 0.2
_SURE_FROM = 0.02


class OnTerminal(Progress):
    """Shows the stage, its part and the time left on stderr, in a thread of its own, after a second has passed."""

    def __init__(self) -> None:
        self._stage: tuple[str, Callable[[], float], float] | None = None
        self._over = threading.Event()
        self._thread = threading.Thread(target=self._show, name="progress", daemon=True)
        self._thread.start()

    def stage(self, name: str, part: Callable[[], float]) -> None:
        """Begin a stage."""
        self._stage = (name, part, time.monotonic())

    def close(self) -> None:
        """Stop, and leave a clean line."""
        self._over.set()
        self._thread.join()

    def _show(self) -> None:
        shown = False
        if not self._over.wait(_SILENT_S):
            shown = True
            while not self._over.wait(_EVERY_S):
                if self._stage:
                    sys.stderr.write(f"\r\x1b[K{self._line(*self._stage)}")
                    sys.stderr.flush()
        if shown:
            sys.stderr.write("\r\x1b[K")
            sys.stderr.flush()

    @staticmethod
    def _line(name: str, part: Callable[[], float], began: float) -> str:
        try:
            done = min(max(part(), 0.0), 1.0)
        except (OSError, RuntimeError, ValueError):
            done = 0.0
        spent = time.monotonic() - began
        if done < _SURE_FROM:
            return f"{name}  {spent:.0f} s"
        return f"{name}  {done:4.0%}  {spent * (1 - done) / done:.0f} s left"


def for_stderr() -> Progress:
    """Return progress for this process: none unless stderr is a terminal that can redraw a line."""
    if sys.stderr.isatty() and os.environ.get("TERM", "dumb") != "dumb":
        return OnTerminal()
    return Progress()
