"""The formula of a blend, in SQL: for each target, the method's number of the pillars' numbers, held to the bounds.

`plan` makes it, and `_write` applies it to aligned rows. Columns that need more than one row come from
`whole_columns`.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.blending._reconcile_sql import clip_and_total, project, projection_values
from pbl.blending._row_sql import EDGES, Term, count_held, row_number, shares_upto
from pbl.domain.errors import UsageError
from pbl.domain.method import Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from pbl.domain.constraints import Constraint
    from pbl.engine.duck import Duck

SUM_TOLERANCE = 1e-3
"""How near to 1 the sum of a row's classes counts as 1, as in PBL610."""
_LARGE = 2.0**64
"""A power of two, so that no digit is lost."""


@dataclass(frozen=True, kw_only=True)
class Clip:
    """The bounds that a blend is held to; None is no bound."""

    low: float | None = None
    high: float | None = None

    def __post_init__(self) -> None:
        """Refuse bounds that are not finite or cross, with UsageError."""
        for flag, bound in (("--clip-min", self.low), ("--clip-max", self.high)):
            if bound is not None and not math.isfinite(bound):
                raise UsageError(f"{flag}: {bound!r} is not a finite number")
        if self.low is not None and self.high is not None and self.low > self.high:
            raise UsageError(f"--clip-min {self.low!r} is above --clip-max {self.high!r}")


@dataclass(frozen=True, kw_only=True)
class Summary:
    """A summary of some rows of a blend."""

    rows: int = 0
    broken: int = 0
    """Rows whose sums are not finite."""
    clipped: int = 0
    summed: int = 0
    """Rows in which every pillar's classes sum to 1, where that is asked for."""
    held: int = 0
    """Numbers that logit held to its bounds."""
    off: float = 0.0
    """By how much the blend of classes that summed to 1 differs from 1 at most."""
    lowest: float = math.inf
    highest: float = -math.inf
    mean: float = 0.0
    below: tuple[int, ...]
    """For each pillar, in how many of the clipped rows it is itself below the lower bound."""

    def __add__(self, more: Summary) -> Summary:
        """Return the summary of these rows and others together."""
        rows = self.rows + more.rows
        return Summary(
            rows=rows,
            broken=self.broken + more.broken,
            clipped=self.clipped + more.clipped,
            summed=self.summed + more.summed,
            held=self.held + more.held,
            off=max(self.off, more.off),
            lowest=min(self.lowest, more.lowest),
            highest=max(self.highest, more.highest),
            mean=self.mean * (self.rows / rows) + more.mean * (more.rows / rows) if rows else 0.0,
            below=tuple(a + b for a, b in zip(self.below, more.below, strict=True)),
        )


@dataclass(frozen=True, kw_only=True)
class Formula:
    """min(high, max(low, s)) for each target, where s is what the method makes of the pillars' numbers.

    It is applied to rows with the columns id and n0_0, n0_1, ..., each pillar's numbers, and further `columns`.
    """

    factors: Sequence[float]
    """The factor of each pillar."""
    names: tuple[str, ...]
    """The target columns."""
    clip: Clip
    method: Method = Method.MEAN
    own: Mapping[str, Sequence[float]] = field(default_factory=dict)
    """The factors of target names that have their own."""
    by_row: bool = False
    """Whether a row's target name is in its column `name`, taken from its id; else the columns are the target names."""
    constraints: tuple[Constraint, ...] = ()
    """Constraints that each sample is held to; a total that is a part of another comes before it."""

    @property
    def targets(self) -> int:
        """Return the number of target columns."""
        return len(self.names)

    @property
    def columns(self) -> dict[str, str]:
        """Return the columns that rows must have besides the id, each with its type."""
        numbers = [f"n{place}_{t}" for place in range(len(self.factors)) for t in range(self.targets)]
        if self.method is Method.RANK:
            numbers += [f"r{place}_{t}" for place in range(len(self.factors)) for t in range(self.targets)]
        if self.by_row and self.constraints:
            numbers += ["projected", "settled"]
        return dict.fromkeys(numbers, "DOUBLE") | ({"name": "VARCHAR"} if self.by_row and self.own else {})

    def sums(self, numbers: Sql) -> Sql:
        """Return the rows with their sums s0, s1, ..., before a clip."""
        terms = [self._terms(t) for t in range(self.targets)]
        uptos = [[Sql(f"u{place}_{t}") for place in range(len(self.factors))] for t in range(self.targets)]
        if self.method is Method.MEDIAN:
            pairs = [(a, b) for t, names in enumerate(uptos) for a, b in zip(shares_upto(terms[t]), names, strict=True)]
            numbers = ask("blend/shares_upto", numbers=numbers, upto=join([Sql(f"{a} AS {b}") for a, b in pairs]))
        sums = [Sql(f"{row_number(self.method, terms[t], uptos[t])} AS s{t}") for t in range(self.targets)]
        return ask("blend/sums", numbers=numbers, sums=join(sums))

    def blend(self, numbers: Sql) -> Sql:
        """Return the rows with their sums s0, s1, ..., the blend b0, b1, ... and whether any was `clipped`."""
        sums, before = self.sums(numbers), [Sql(f"s{t}") for t in range(self.targets)]
        blends = [self.clip_sql(each) for each in before]
        if self.constraints and self.by_row:
            blends, before = [Sql(f"coalesce(settled, {blends[0]})")], [Sql(f"coalesce(projected, {before[0]})")]
        elif self.constraints:
            found = project(self.constraints, dict(zip(self.names, before, strict=True)))
            columns = {name: Sql(f"x{self.names.index(name)}") for name in found}
            parts = [Sql(f"{found[name]} AS {column}") for name, column in columns.items()]
            sums = ask("blend/projected", sums=sums, projected=join(parts))
            settled = clip_and_total(self.constraints, columns, self.clip_sql)
            totals = {each.total for each in self.constraints}
            blends = [settled.get(name, each) for name, each in zip(self.names, blends, strict=True)]
            pairs = zip(self.names, before, blends, strict=True)
            before = [b if name in totals else columns.get(name, s) for name, s, b in pairs]
        clips = [Sql(f"{each} AS b{t}") for t, each in enumerate(blends)]
        changed = [Sql(f"{each} <> {was}") for each, was in zip(blends, before, strict=True)]
        return ask("blend/blend", sums=sums, clips=join(clips), clipped=join(changed, " OR "))

    def values(self) -> Mapping[str, Any]:
        """Return the values of the blend's $parameters."""
        found: dict[str, Any] = {f"share{place}": factor for place, factor in enumerate(self.factors)}
        for n, (name, factors) in enumerate(self.own.items()):
            found |= {f"own{n}_{place}": factor for place, factor in enumerate(factors)}
            found |= {f"own{n}": name} if self.by_row else {}
        if self.own and not self.by_row and set(self.own) == set(self.names):
            found = {key: value for key, value in found.items() if not key.startswith("share")}
        if self.method is Method.LOGIT:
            found |= EDGES
        if self.constraints and not self.by_row:
            found |= projection_values(self.constraints)
        bounds = {"clip_min": self.clip.low, "clip_max": self.clip.high}
        return found | {key: bound for key, bound in bounds.items() if bound is not None}

    def summarize(self, duck: Duck, numbers: Sql) -> Summary:
        """Ask the database for the Summary of a table's blend."""
        blends = [f"b{t}" for t in range(self.targets)]
        counts = [Sql(f"count(*) FILTER (WHERE {each}) AS {name}") for name, each in self._conditions().items()]
        counts += [Sql(f"coalesce(sum({each}), 0)::BIGINT AS {name}") for name, each in self._counts().items()]
        counts += [Sql(f"max({each}) AS {name}") for name, each in self._sizes().items()]
        found = duck.row(
            "blend/blend_summary",
            self.values(),
            blend=self.blend(numbers),
            lowest=Sql(f"least({', '.join(f'min({b})' for b in blends)})"),
            highest=Sql(f"greatest({', '.join(f'max({b})' for b in blends)})"),
            mean=Sql(" + ".join(f"{_mean(b)} / {len(blends)}" for b in blends)),
            counts=join(counts),
        )
        found |= {bound: found[bound] + 0.0 for bound in ("lowest", "highest") if found[bound] is not None}  # no -0.0
        return self._summary(found)

    def marks(self) -> Sql:
        """Return the columns that `summarize_rows` needs of each row besides its blend, none that is alike in all."""
        marks = {**self._conditions(), **self._counts(), **self._sizes()}
        return join([Sql(f"{each} AS {name}") for name, each in marks.items()])

    def summarize_rows(self, rows: pl.DataFrame) -> Summary:
        """Return the summary of rows that have the blend's columns b0, b1, ... and the `marks`, as `summarize` does."""
        import polars as pl

        blends = pl.col([f"b{t}" for t in range(self.targets)])
        asked = (blends.min(), blends.max(), blends.mean(), (blends / _LARGE).mean() * _LARGE)
        least, most, means, small_means = (rows.select(each).row(0) for each in asked)
        pairs = zip(means, small_means, strict=True)
        summed = pl.col([*self._conditions(), *self._counts()]).sum()
        found = rows.select(summed, *(pl.col(name).max() for name in self._sizes())).row(0, named=True)
        ends = {"lowest": min(least) + 0.0, "highest": max(most) + 0.0}  # no -0.0
        mean = sum((mean if math.isfinite(mean) else other) / self.targets for mean, other in pairs)
        return self._summary({"rows": len(rows), **ends, "mean": mean, **found})

    def _summary(self, found: dict[str, Any]) -> Summary:
        """Return the summary with what was found; a mark that method and bounds leave out marks no row."""
        below = tuple(found.pop(f"below{place}", 0) for place in range(len(self.factors)))
        return Summary(**found, below=below)

    def clip_sql(self, inner: Sql) -> Sql:
        """Return a number held to the bounds."""
        if self.clip.high is not None:
            inner = Sql(f"least($clip_max, {inner})")
        return inner if self.clip.low is None else Sql(f"greatest($clip_min, {inner})")

    def _terms(self, target: int) -> list[Term]:
        column = "r" if self.method is Method.RANK else "n"
        return [
            Term(Sql(f"{column}{place}_{target}"), self._factor(place, target)) for place in range(len(self.factors))
        ]

    def _factor(self, place: int, target: int) -> Sql:
        if self.by_row and self.own:
            cases = [Sql(f"WHEN $own{n} THEN $own{n}_{place}") for n in range(len(self.own))]
            return Sql(f"CASE name {join(cases, ' ')} ELSE $share{place} END")
        name = self.names[target]
        return Sql(f"$own{list(self.own).index(name)}_{place}" if name in self.own else f"$share{place}")

    def _conditions(self) -> dict[str, Sql]:
        """Return the conditions to count rows by: not finite, clipped, classes that sum to 1, a pillar too low."""
        broken = [Sql(f"NOT coalesce(isfinite(s{t}) AND isfinite(b{t}), false)") for t in range(self.targets)]
        found = {"broken": join(broken, " OR "), "clipped": Sql("clipped")}
        if self._has_classes():
            found["summed"] = self._sums_to_one()
        if self.clip.low is not None:
            for place in range(len(self.factors)):
                lower = [Sql(f"n{place}_{t} < $clip_min") for t in range(self.targets)]
                found[f"below{place}"] = Sql(f"clipped AND ({join(lower, ' OR ')})")
        return found

    def _counts(self) -> dict[str, Sql]:
        """Return what to add up over rows: how many of a row's numbers logit holds to its bounds."""
        if self.method is not Method.LOGIT:
            return {}
        every = [each for t in range(self.targets) for each in count_held(self._terms(t))]
        return {"held": Sql(f"({join([Sql(f'CASE WHEN {each} THEN 1 ELSE 0 END') for each in every], ' + ')})::BIGINT")}

    def _sizes(self) -> dict[str, Sql]:
        """Return what to find the largest of: by how much the blend of classes that sum to 1 differs from 1."""
        if not self._has_classes():
            return {}
        sums = join([Sql(f"b{t}") for t in range(self.targets)], " + ")
        return {"off": Sql(f"(CASE WHEN {self._sums_to_one()} THEN abs({sums} - 1) ELSE 0 END::DOUBLE)")}

    def _has_classes(self) -> bool:
        """Say whether the targets may be classes that sum to 1, and the method may give another sum; a mean can't."""
        return self.targets > 1 and self.method is not Method.MEAN

    def _sums_to_one(self) -> Sql:
        """Return whether every pillar's classes sum to 1."""
        places = range(len(self.factors))
        sums = [join([Sql(f"n{place}_{t}") for t in range(self.targets)], " + ") for place in places]
        return join([Sql(f"abs({each} - 1) <= {SUM_TOLERANCE!r}") for each in sums], " AND ")


def _mean(column: str) -> Sql:
    """Return the mean of finite numbers; where their sum overflows, each is divided before it is added."""
    parts = f"{_LARGE!r}::DOUBLE"
    return Sql(f"CASE WHEN isfinite(avg({column})) THEN avg({column}) ELSE avg({column} / {parts}) * {parts} END")
