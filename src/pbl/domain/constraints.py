"""Sums that must hold between a sample's numbers, such as GDM = Green + Clover."""

from __future__ import annotations

from dataclasses import dataclass
from fractions import Fraction
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
    """By how much a sample may be off."""

    def to_json(self) -> dict[str, Any]:
        """Return the constraint as recipes and `pbl.toml` write it."""
        return {"total": self.total, "parts": list(self.parts), "tolerance": self.tolerance}


def names_of(constraints: Sequence[Constraint]) -> tuple[str, ...]:
    """Return the target names that constraints speak of, each once, in the order of their first mention."""
    return tuple(dict.fromkeys(name for each in constraints for name in (each.total, *each.parts)))


def sort_constraints(constraints: Sequence[Constraint]) -> tuple[Constraint, ...]:
    """Return the constraints, a total that is a part of another before that; raise ValueError for what can't hold."""
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


def projection(constraints: Sequence[Constraint]) -> list[list[float]]:
    """Return the matrix I - A'(AA')^-1 A of the names' orthogonal projection on the constraints A y = 0.

    Rows and columns are in the order of `names_of`. It is made of exact fractions; A has full rank, as each constraint
    has a total of its own and none is a part of itself.
    """
    names = names_of(constraints)
    rows = [[_coefficient(each, name) for name in names] for each in constraints]
    gram = [[_dot(one, other) for other in rows] for one in rows]
    solved = _solve(gram, rows)
    return [
        [float(Fraction(i == j) - sum(rows[k][i] * solved[k][j] for k in range(len(rows)))) for j in range(len(names))]
        for i in range(len(names))
    ]


def _coefficient(each: Constraint, name: str) -> Fraction:
    return Fraction((name == each.total) - each.parts.count(name))


def _dot(one: Sequence[Fraction], other: Sequence[Fraction]) -> Fraction:
    return sum((a * b for a, b in zip(one, other, strict=True)), start=Fraction(0))


def _solve(matrix: list[list[Fraction]], right: list[list[Fraction]]) -> list[list[Fraction]]:
    """Return the solution X of matrix X = right, by Gauss and Jordan."""
    size = len(matrix)
    rows = [[*left, *others] for left, others in zip(matrix, right, strict=True)]
    for k in range(size):
        pivot = next(n for n in range(k, size) if rows[n][k])
        rows[k], rows[pivot] = rows[pivot], rows[k]
        rows[k] = [value / rows[k][k] for value in rows[k]]
        for n in range(size):
            if n != k and rows[n][k]:
                rows[n] = [a - rows[n][k] * b for a, b in zip(rows[n], rows[k], strict=True)]
    return [row[size:] for row in rows]
