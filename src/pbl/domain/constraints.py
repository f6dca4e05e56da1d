"""Sums that must hold between a sample's numbers, such as GDM = Green + Clover.

`pbl.toml` and recipes list them; `blending` holds a blend to them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

TOLERANCE = 1e-6


@dataclass(frozen=True, kw_only=True)
class Constraint:
    """Total = the sum of its parts; all are target names."""

    total: str
    parts: tuple[str, ...]
    tolerance: float = TOLERANCE
    """By how much a sample's sum may be off."""

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as recipes and `pbl.toml` write it."""
        return {"total": self.total, "parts": list(self.parts), "tolerance": self.tolerance}


def names_of(constraints: Sequence[Constraint]) -> tuple[str, ...]:
    """Return the target names in constraints, each once, in the order in which they first occur."""
    return tuple(dict.fromkeys(name for each in constraints for name in (each.total, *each.parts)))


def sort_constraints(constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """Return the constraints, each total before those that it is a part of; raise ValueError if they can't all hold."""
    by_total: dict[str, Constraint] = {}
    for each in constraints:
        if each.total in by_total:
            raise ValueError(f"two constraints for one total, {each.total!r}")
        by_total[each.total] = each
    found: dict[str, Constraint] = {}

    def follow(total: str, above: tuple[str, ...]) -> None:
        if total in above:
            raise ValueError(f"a total is a part of itself: {' <- '.join([*above[above.index(total) :], total])}")
        if total not in found:
            for part in by_total[total].parts:
                if part in by_total:
                    follow(part, (*above, total))
            found[total] = by_total[total]

    for total in by_total:
        follow(total, ())
    return tuple(found.values())
