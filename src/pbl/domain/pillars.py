"""Pillars: models known by a name, each with its prediction file.

`project.pillar_files` makes them of what the user named.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

from pbl.domain.settings import Settings

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pbl.domain.contract import Contract


class Known(NamedTuple):
    """A long-standing pillar: its share of the default blend and its usual files, the preferred one first."""

    weight: float
    files: tuple[str, ...]


TABLE: Mapping[str, Known] = {
    "siglip": Known(0.6, ("submission_siglip.csv", "submission1.csv")),
    "dino": Known(0.2, ("submission_dino.csv", "submission3.csv")),
    "mvp": Known(0.1, ("submission_mvp.csv", "submission2.csv")),
    "dinov2": Known(0.1, ("submission_dinov2.csv", "submission4.csv")),
}


@dataclass(frozen=True, kw_only=True)
class Member:
    """One of several files that are one pillar; the shares of all sum to 1."""

    path: Path
    share: float


@dataclass(frozen=True, kw_only=True)
class Pillar:
    """A model, known by a name, and its prediction file."""

    name: str
    path: Path
    """The file; of several, the first."""
    members: tuple[Member, ...] = ()
    """The files of a pillar that may have several; its numbers are their weighted mean."""
    weight: float | None = None
    promised: bool = False
    """Whether `pbl.toml` names the file, so that its absence is a finding."""
    in_memory: bool = False
    """Whether the file is a temporary copy of a frame: it can't be found again."""

    @property
    def files(self) -> tuple[Path, ...]:
        """Return the pillar's files, in the order in which they are added up."""
        return tuple(each.path for each in self.members) or (self.path,)

    @property
    def shares(self) -> tuple[float, ...]:
        """Return each file's share of the pillar."""
        return tuple(each.share for each in self.members) or (1.0,)

    @property
    def names(self) -> tuple[str, ...]:
        """Return the name of each file in recipes and logs."""
        return tuple(f"{self.name}/{n}" for n in range(1, len(self.members) + 1)) or (self.name,)


def as_members(files: Sequence[Path], shares: Sequence[float] = ()) -> tuple[Member, ...]:
    """Return files as members, the shares divided by their sum; without any, they are equal."""
    given = shares or [1.0] * len(files)
    scale = -math.frexp(max(given))[1]  # by a power of two: no digit changes, and the sum stays finite
    scaled = [math.ldexp(share, scale) for share in given]
    total = math.fsum(scaled)
    return tuple(Member(path=path, share=share / total) for path, share in zip(files, scaled, strict=True))


@dataclass(frozen=True, kw_only=True)
class Selection:
    """The pillars of a command, in order, with their template and contract."""

    pillars: tuple[Pillar, ...]
    settings: Settings = field(default_factory=Settings)
    template: Path | None = None
    set_aside: tuple[str, ...] = ()
    not_read: tuple[str, ...] = ()
    """Names that may be a model's predictions and aren't read: files of other endings, sub-folders (with a `/`)."""
    folds: tuple[tuple[str, ...], ...] = ()
    """Groups of pillars whose names, made from their files, differ only in the number of a fold or seed."""
    versions: tuple[tuple[str, ...], ...] = ()
    """Such groups whose names differ only in a version."""
    notes: tuple[str, ...] = ()
    """Notes for the user on how the pillars were selected."""
    found: tuple[Path, ...] = ()
    """Every file of a pillar, also of one that has no weight or another file in its place; none is ever written."""

    @property
    def contract(self) -> Contract:
        """Return the contract that holds for every file."""
        return self.settings.contract

    @property
    def names(self) -> tuple[str, ...]:
        """Return the pillars' names in order."""
        return tuple(p.name for p in self.pillars)
