"""By how much constraints are off, in each pillar and in the blend, and what broke them.

Computed over the rows that `whole_columns` completed: by `blend` after it wrote them, and by `compare`.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pbl_sql import Sql, ask, join

from pbl.blending._reconcile_sql import residual
from pbl.blending.whole_columns import name_values
from pbl.domain.constraints import names_of
from pbl.domain.method import Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.blending.formula import Formula
    from pbl.domain.constraints import Constraint
    from pbl.engine.duck import Duck

Cause = Literal["pillars", "clip", "method", "per-target-weights"]


@dataclass(frozen=True, kw_only=True)
class Off:
    """By how much a sum is off: at most, on average, and in how many samples beyond the tolerance."""

    max_abs: float
    mean_abs: float
    broken: int

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {"max_abs": self.max_abs, "mean_abs": self.mean_abs, "broken": self.broken}


@dataclass(frozen=True, kw_only=True)
class Residuals:
    """By how much one constraint is off, in each pillar and in the blend."""

    constraint: Constraint
    pillars: Mapping[str, Off]
    blend: Off
    cause: Cause | None

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        return {
            "total": self.constraint.total,
            "parts": list(self.constraint.parts),
            "pillars": [{"pillar": name, **off.to_json()} for name, off in self.pillars.items()],
            "blend": {**self.blend.to_json(), "cause": self.cause},
        }


def find_residuals(
    duck: Duck, rows: Sql, formula: Formula, constraints: Sequence[Constraint], pillars: Sequence[str]
) -> tuple[Residuals, ...]:
    """Return the residuals of constraints over completed rows; samples that lack a name are left out."""
    if not constraints:
        return ()
    names = names_of(constraints)
    sources = [*(f"n{place}_" for place in range(len(pillars))), "s", "b"]
    samples, columns = formula.blend(rows), {}
    values: dict[str, Any] = dict(formula.values())
    if formula.by_row:
        wide = [
            Sql(f"max({source}0) FILTER (WHERE name = $name{k}) AS {source}by{k}")
            for source in sources
            for k in range(len(names))
        ]
        values |= name_values(names)
        samples = ask("blend/wide", rows=samples, columns=join(wide))
        columns = {s: {name: Sql(f"{s}by{k}") for k, name in enumerate(names)} for s in sources}
    else:
        columns = {s: {name: Sql(f"{s}{formula.names.index(name)}") for name in names} for s in sources}
    facts = []
    for c, constraint in enumerate(constraints):
        values[f"tolerance{c}"] = constraint.tolerance
        for n, source in enumerate(sources):
            off = f"abs({residual(constraint, columns[source])})"
            facts.append(Sql(f"coalesce(max({off}), 0) AS max_{c}_{n}, coalesce(avg({off}), 0) AS mean_{c}_{n}"))
            facts.append(Sql(f"count(*) FILTER (WHERE {off} > $tolerance{c}) AS broken_{c}_{n}"))
    found = duck.row("blend/residuals", values, samples=samples, facts=join(facts))

    def take(c: int, n: int) -> Off:
        mean = float(f"{found[f'mean_{c}_{n}']:.12g}")  # sums of threads differ in their last digits
        return Off(max_abs=found[f"max_{c}_{n}"], mean_abs=mean, broken=found[f"broken_{c}_{n}"])

    told = []
    for c, constraint in enumerate(constraints):
        *each, before, blend = (take(c, n) for n in range(len(sources)))
        used = [off for place, off in enumerate(each) if _is_used(formula, constraint, place)]
        cause = _cause(formula, constraint, used, before, blend)
        told.append(
            Residuals(constraint=constraint, pillars=dict(zip(pillars, each, strict=True)), blend=blend, cause=cause)
        )
    return tuple(told)


def _is_used(formula: Formula, constraint: Constraint, place: int) -> bool:
    names = (constraint.total, *constraint.parts)
    return any(formula.own.get(name, formula.factors)[place] for name in names)


def _cause(formula: Formula, constraint: Constraint, pillars: Sequence[Off], before: Off, blend: Off) -> Cause | None:
    """Say what broke a constraint: the clip, if it held before; else pillars that don't keep it; else the blending."""
    if not blend.broken:
        return None
    if not before.broken and not formula.constraints:
        return "clip"
    if any(off.broken for off in pillars):
        return "pillars"
    if formula.method is not Method.MEAN:
        return "method"
    names = (constraint.total, *constraint.parts)
    factors = {tuple(formula.own.get(name, formula.factors)) for name in names}
    return "per-target-weights" if len(factors) > 1 else "clip"
