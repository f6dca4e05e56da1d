"""SQL that holds a sample's numbers to constraints: project orthogonally, clip, then sum up the totals again.

`formula` asks for it where a row is a sample, `whole_columns` where a sample has a row for each target name.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl_sql import Sql, join

from pbl.domain.constraints import names_of

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from pbl.domain.constraints import Constraint


def project(constraints: Sequence[Constraint], numbers: Mapping[str, Sql]) -> dict[str, Sql]:
    """Return each name's projection on the constraints; `numbers` has the column of each name."""
    names = names_of(constraints)
    matrix = _projection(constraints)
    return {
        name: join(
            [Sql(f"$project{i}_{j} * {numbers[other]}") for j, other in enumerate(names) if row[j]]
            or [Sql("0.0::DOUBLE")],
            " + ",
        )
        for i, (name, row) in enumerate(zip(names, matrix, strict=True))
    }


def projection_values(constraints: Sequence[Constraint]) -> dict[str, float]:
    """Return the values of the $parameters of `project`."""
    rows = _projection(constraints)
    return {f"project{i}_{j}": value for i, row in enumerate(rows) for j, value in enumerate(row) if value}


def clip_and_total(
    constraints: Sequence[Constraint], projected: Mapping[str, Sql], clip: Callable[[Sql], Sql]
) -> dict[str, Sql]:
    """Return each name's final number: numbers that are no total are clipped, then each total is summed, in order."""
    totals = {each.total for each in constraints}
    found = {name: clip(column) for name, column in projected.items() if name not in totals}
    for each in constraints:
        found[each.total] = Sql(f"({join([found[part] for part in each.parts], ' + ')})")
    return found


def residual(constraint: Constraint, numbers: Mapping[str, Sql]) -> Sql:
    """Return by how much a sample's total is above the sum of its parts."""
    return Sql(f"{numbers[constraint.total]} - ({join([numbers[part] for part in constraint.parts], ' + ')})")


def _projection(constraints: Sequence[Constraint]) -> list[list[float]]:
    from pbl.domain.projection import projection  # noqa: PLC0415 - few blends have constraints

    return projection(constraints)
