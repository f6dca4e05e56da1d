"""What each prediction file must look like."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, kw_only=True)
class Contract:
    """What each prediction file must look like: its columns, its ids' form and its numbers' bounds."""

    id: str = "sample_id"
    targets: tuple[str, ...] = ("target",)
    id_pattern: str | None = None
    min: float | None = None
    max: float | None = None

    @property
    def columns(self) -> tuple[str, ...]:
        """Return the header that a file must have."""
        return (self.id, *self.targets)
