"""The orthogonal projection of a sample's numbers on its constraints, in exact fractions.

`blending` puts its numbers into SQL; only plans with constraints load it.
"""

from __future__ import annotations

from fractions import Fraction
from typing import TYPE_CHECKING

from pbl.domain.constraints import names_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.domain.constraints import Constraint


def projection(constraints: Sequence[Constraint]) -> list[list[float]]:
    """Return the matrix I - A'(AA')^-1 A of the names' orthogonal projection on the constraints A y = 0.

    Rows and columns are in the order of `names_of`. It is computed in exact fractions. A has full rank, as each
    constraint has a total of its own and no total is a part of itself.
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
    """Return the solution X of matrix X = right, by Gauss-Jordan elimination."""
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
