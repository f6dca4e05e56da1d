"""The progress of long work, by stages; this class shows nothing.

Long work takes one as an argument; that of `cli.progress` shows it on a terminal.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Progress:
    """Progress that is not shown."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stage(self, name: str, part: Callable[[], float]) -> None:
        """Begin a stage; `part` returns the part of it that is done (0 to 1), at any time and in any thread."""

    def close(self) -> None:
        """End the last stage."""
