"""The contract: what each prediction file must look like.

Made from `pbl.toml`; every check compares a file with it.
"""

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

    @property
    def optional(self) -> tuple[str, ...]:
        """Return the further columns that a file may have."""
        return ()

    @property
    def open(self) -> bool:
        """Say whether a file may have any further columns, which are ignored."""
        return False


@dataclass(frozen=True, kw_only=True)
class WideContract(Contract):
    """A contract of files that may have more columns than the id and the targets; a prediction file may not."""

    texts: tuple[str, ...] = ()
    """Columns of text that the file may have."""
    others: bool = False
    """Whether the file may have any other columns too."""

    @property
    def optional(self) -> tuple[str, ...]:
        """Return the columns of text that a file may have."""
        return self.texts

    @property
    def open(self) -> bool:
        """Say whether a file may have any further columns, which are ignored."""
        return self.others
