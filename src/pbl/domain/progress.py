"""The progress of long work, by stages; this class shows it to nobody.

Long work is handed one; `cli.progress` has the one that shows it on a terminal.
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
        """Begin a stage; `part` tells, whenever it is asked and from any thread, which part of it is done (0 to 1)."""

    def close(self) -> None:
        """End the last stage."""
