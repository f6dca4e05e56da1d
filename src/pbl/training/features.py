"""Hold features: a table of numbers with a row a sample, and what its columns are; say how two such differ.

Made by `features_files`; `fit` learns from them, and `predict` wants the same ones again.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    from numpy.typing import NDArray

    Floats = NDArray[np.float64]

_SHOWN = 5


@dataclass(frozen=True, kw_only=True)
class Column:
    """A column of features: its name, and how many numbers it holds a row."""

    name: str
    width: int


@dataclass(frozen=True, kw_only=True)
class Source:
    """What a file of features has: its columns in order, and where `embed` made them, with which settings."""

    columns: tuple[Column, ...]
    embedded: Mapping[str, Any] | None = None
    """`settings`, `probe` and `model_type` as `embed` left them; None for any other table."""

    @property
    def width(self) -> int:
        """Return how many numbers a row has."""
        return sum(each.width for each in self.columns)


@dataclass(frozen=True, kw_only=True)
class Features:
    """The features of some samples: `values` are samples x numbers."""

    samples: tuple[str, ...]
    values: Floats
    sources: tuple[Source, ...]
    notes: tuple[str, ...] = ()
    """What the user should know of how they were read."""


def differences(fitted: Sequence[Source], given: Sequence[Source]) -> list[str]:
    """Say in which ways the features aren't those that were fitted on; nothing if they are."""
    if len(fitted) != len(given):
        return [f"{plural(len(given), 'file')} of features, fitted on {len(fitted)}"]
    found = []
    for place, (before, now) in enumerate(zip(fitted, given, strict=True), 1):
        where = f"file {place}: " if len(fitted) > 1 else ""
        found += [f"{where}{each}" for each in _different(before, now)]
    return found


def _different(before: Source, now: Source) -> list[str]:
    """Say in which ways one file isn't like the one that was fitted on: columns, then what made them."""
    names, wanted = [each.name for each in now.columns], [each.name for each in before.columns]
    found = []
    if sorted(names) != sorted(wanted):
        lacking = [name for name in wanted if name not in names]
        extra = [name for name in names if name not in wanted]
        found += [f"lacks {plural(len(lacking), 'column')}: {', '.join(lacking[:_SHOWN])}"] if lacking else []
        found += [f"has {plural(len(extra), 'column')} more: {', '.join(extra[:_SHOWN])}"] if extra else []
    elif names != wanted:
        first = next(k for k, (a, b) in enumerate(zip(names, wanted, strict=True)) if a != b)
        found.append(f"has its columns in another order: {names[first]} where {wanted[first]} was")
    else:
        pairs = zip(before.columns, now.columns, strict=True)
        found += [f"{a.name} has {b.width} numbers a row, fitted on {a.width}" for a, b in pairs if a.width != b.width]
    return found + _embedding_differences(before.embedded, now.embedded)


def _embedding_differences(before: Mapping[str, Any] | None, now: Mapping[str, Any] | None) -> list[str]:
    if before is None or now is None:
        return [] if before is now else [f"{'were' if now else 'were not'} made by pbl embed, unlike those fitted on"]
    old, new = before["settings"], now["settings"]
    return [
        f"{name} is {new.get(name)!r}, fitted on {old.get(name)!r}"
        for name in sorted({*old, *new})
        if old.get(name) != new.get(name)
    ]
