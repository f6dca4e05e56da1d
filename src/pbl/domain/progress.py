"""Where a deed says what it is at; this kind says it to nobody."""

from __future__ import annotations

from typing import TYPE_CHECKING, Self

if TYPE_CHECKING:
    from collections.abc import Callable


class Progress:
    """A listener that doesn't listen; a terminal's is made in `pbl.cli`."""

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def stage(self, name: str, part: Callable[[], float]) -> None:
        """Begin a stage; `part` tells, whenever it is asked and from any thread, which part of it is done (0 to 1)."""

    def close(self) -> None:
        """End the last stage."""
