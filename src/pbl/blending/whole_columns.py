"""Columns that need more than one row: target names and samples, ranks within a name, numbers held to constraints.

`_submission` adds them to aligned rows if the formula needs them, and `compare` to its own rows. Both go on with the
table that is returned, whose rows have the same order.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl_sql import Sql, join

from pbl.blending._reconcile_sql import clip_and_total, project, projection_values
from pbl.domain.constraints import names_of
from pbl.domain.errors import ContractError
from pbl.domain.findings import Example, Offences
from pbl.domain.method import Method

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.blending.formula import Formula
    from pbl.domain.constraints import Constraint
    from pbl.engine.duck import Duck

_EXAMPLES = 5


@dataclass(frozen=True, kw_only=True)
class Completed:
    """A table of aligned rows with all columns that its formula needs."""

    table: Sql
    samples: int
    fewest: int
    """Rows of the rarest target name."""
    lacking: Offences
    """Samples that lack a target name of the constraints, each with the id that it should have."""


def complete(
    duck: Duck,
    rows: Sql,
    formula: Formula,
    *,
    separator: str,
    constraints: Sequence[Constraint] = (),
) -> Completed:
    """Replace a table of the columns row, id and n0_0, n0_1, ... by one that has further columns.

    `constraints` are those to report on, the formula's own or others. Raises ContractError for a target name that no
    row has.
    """
    column = formula.names[0]
    if separator:
        split = f"(?s)^(.*){re.escape(separator)}(.*)$"
        duck.run("blend/name_rows", {"split": split, "separator": separator, "column": column}, rows=rows)
    else:
        duck.run("blend/name_alike", {"column": column}, rows=rows)
    duck.run("blend/forget", table=rows)
    wanted = [*names_of(constraints), *formula.own] if formula.by_row else []
    facts = duck.row("blend/names", {"wanted": wanted})
    unknown = next((name for name in wanted if name not in facts["known"]), None)
    if unknown is not None:
        raise ContractError(f"pbl.toml: no id has the target name {unknown!r}, which a constraint or weight is for")
    lacking = _find_lacking(duck, constraints, separator) if formula.by_row and constraints else Offences(limit=0)
    table = _rank(duck, formula) if formula.method is Method.RANK else Sql("named")
    if formula.by_row and formula.constraints and not lacking.count:
        table = _reconcile(duck, formula, table)
    fewest = facts["fewest"] if formula.by_row else duck.rows("blend/count", rows=table)[0][0]
    return Completed(table=table, samples=facts["samples"], fewest=fewest, lacking=lacking)


def name_values(names: Sequence[str]) -> dict[str, str]:
    """Return target names as the $parameters $name0, $name1, ..."""
    return {f"name{k}": name for k, name in enumerate(names)}


def _rank(duck: Duck, formula: Formula) -> Sql:
    """Rank one column after the other, which takes less memory; a rank beside the wrong row would be NULL.

    A rank is Hazen's plotting position, (rank - 0.5) / n: between 0 and 1, and 0.5 on average. Equal numbers have the
    mean of their ranks: the first of them, and half of how many more there are.
    """
    by, alike = ("PARTITION BY name", "PARTITION BY name, n") if formula.by_row else ("", "PARTITION BY n")
    rank = f"rank() OVER ({by} ORDER BY n) + (count(*) OVER ({alike}) - 1) / 2.0"
    scaled = Sql(f"({rank} - 0.5)::DOUBLE / count(*) OVER ({by})")
    columns = [f"{place}_{t}" for place in range(len(formula.factors)) for t in range(formula.targets)]
    for column in columns:
        duck.run("blend/rank_column", table=f"rank{column}", column=f"n{column}", rank=scaled)
    ranks = [Sql(f"CASE WHEN rank{c}.row = a.row THEN rank{c}.rank END AS r{c}") for c in columns]
    joins = [Sql(f"POSITIONAL JOIN rank{column}") for column in columns]
    duck.run("blend/rank_rows", ranks=join(ranks), joins=join(joins, " "))
    for table in ("named", *(f"rank{column}" for column in columns)):
        duck.run("blend/forget", table=table)
    return Sql("ranked")


def _find_lacking(duck: Duck, constraints: Sequence[Constraint], separator: str) -> Offences:
    names = names_of(constraints)
    has = join([Sql(f"bool_or(name = $name{k}) AS h{k}") for k in range(len(names))])
    columns = [Sql(f"h{k}") for k in range(len(names))]
    values = {**name_values(names), "limit": _EXAMPLES}
    found = duck.rows("blend/lacking", values, has=has, names=join(columns), all=join(columns, " AND "))
    examples = [
        Example(id=f"{sample}{separator}{next(name for name, there in zip(names, has_it, strict=True) if not there)}")
        for sample, _, *has_it in found
    ]
    return Offences(limit=_EXAMPLES, count=found[0][1] if found else 0, examples=examples)


def _reconcile(duck: Duck, formula: Formula, rows: Sql) -> Sql:
    names = names_of(formula.constraints)
    wide = [Sql(f"max(s0) FILTER (WHERE name = $name{k}) AS y{k}") for k in range(len(names))]
    projected = project(formula.constraints, {name: Sql(f"y{k}") for k, name in enumerate(names)})
    columns = {name: Sql(f"x{k}") for k, name in enumerate(names)}
    settled = clip_and_total(formula.constraints, columns, formula.clip_sql)
    totals = {each.total for each in formula.constraints}
    before = columns | {total: settled[total] for total in totals}
    duck.run(
        "blend/reconcile_rows",
        {**formula.values(), **projection_values(formula.constraints), **name_values(names)},
        rows=rows,
        sums=formula.sums(rows),
        wide=join(wide),
        projected=join([Sql(f"{projected[name]} AS {columns[name]}") for name in names]),
        before=_cases([before[name] for name in names]),
        after=_cases([settled[name] for name in names]),
    )
    return Sql("reconciled")


def _cases(numbers: Sequence[Sql]) -> Sql:
    return join([Sql(f"WHEN $name{k} THEN {number}") for k, number in enumerate(numbers)], " ")
