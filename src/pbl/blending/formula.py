"""What a blend is, in SQL: for each target, the weighted sum of the pillars' numbers, held to the bounds."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, listed

from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import polars as pl

    from pbl.engine.duck import Duck

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
    """What is to be said of some rows of a blend."""

    rows: int = 0
    broken: int = 0
    """Rows whose sums are not finite."""
    clipped: int = 0
    lowest: float = math.inf
    highest: float = -math.inf
    mean: float = 0.0
    below: tuple[int, ...]
    """For each pillar, in how many of the clipped rows it is itself below the lower bound."""

    def __add__(self, more: Summary) -> Summary:
        """Return what is to be said of these rows and others together."""
        rows = self.rows + more.rows
        return Summary(
            rows=rows,
            broken=self.broken + more.broken,
            clipped=self.clipped + more.clipped,
            lowest=min(self.lowest, more.lowest),
            highest=max(self.highest, more.highest),
            mean=self.mean * (self.rows / rows) + more.mean * (more.rows / rows) if rows else 0.0,
            below=tuple(a + b for a, b in zip(self.below, more.below, strict=True)),
        )


@dataclass(frozen=True, kw_only=True)
class Formula:
    """min(high, max(low, f1 t1 + f2 t2 + ...)) for each target, in double precision, the terms in pillar order.

    It is asked of rows that have the columns id and n0_0, n0_1, ..., each pillar's numbers.
    """

    factors: Sequence[float]
    """What each pillar is multiplied by."""
    targets: int
    clip: Clip

    def blend(self, numbers: Sql) -> Sql:
        """Return the rows with their sums s0, s1, ..., the blend b0, b1, ... and whether any was `clipped`."""
        places = range(len(self.factors))
        sums = [
            Sql(f"{' + '.join(f'$share{place} * n{place}_{t}' for place in places)} AS s{t}")
            for t in range(self.targets)
        ]
        clips = [Sql(f"{self._clipped(t)} AS b{t}") for t in range(self.targets)]
        changed = [Sql(f"{self._clipped(t)} <> s{t}") for t in range(self.targets)]
        return ask(
            "blend/blend", numbers=numbers, sums=listed(sums), clips=listed(clips), clipped=listed(changed, " OR ")
        )

    def values(self) -> Mapping[str, Any]:
        """Return the values of the blend's $parameters."""
        bounds = {"clip_min": self.clip.low, "clip_max": self.clip.high}
        factors = {f"share{place}": factor for place, factor in enumerate(self.factors)}
        return factors | {key: bound for key, bound in bounds.items() if bound is not None}

    def summarize(self, duck: Duck, numbers: Sql) -> Summary:
        """Sum the blend of some rows up."""
        blends = [f"b{t}" for t in range(self.targets)]
        counts = [
            Sql(f"count(*) FILTER (WHERE {condition}) AS {name}") for name, condition in self._conditions().items()
        ]
        found = duck.row(
            "blend/blend_summary",
            self.values(),
            blend=self.blend(numbers),
            lowest=Sql(f"least({', '.join(f'min({b})' for b in blends)})"),
            highest=Sql(f"greatest({', '.join(f'max({b})' for b in blends)})"),
            mean=Sql(" + ".join(f"{_mean(b)} / {len(blends)}" for b in blends)),
            counts=listed(counts),
        )
        found |= {bound: found[bound] + 0.0 for bound in ("lowest", "highest") if found[bound] is not None}  # no -0.0
        below = tuple(found.pop(f"below{place}") for place in range(len(self.factors)))
        return Summary(**found, below=below)

    def marks(self) -> Sql:
        """Return what `summarize_rows` needs to know of each row besides its blend."""
        return listed([Sql(f"{condition} AS {name}") for name, condition in self._conditions().items()])

    def summarize_rows(self, rows: pl.DataFrame) -> Summary:
        """Sum rows of the blend up that have its columns b0, b1, ... and the `marks`, as `summarize` does."""
        import polars as pl

        blends = pl.col([f"b{t}" for t in range(self.targets)])
        asked = (blends.min(), blends.max(), blends.mean(), (blends / _LARGE).mean() * _LARGE)
        least, most, means, small_means = (rows.select(each).row(0) for each in asked)
        broken, clipped, *below = rows.select(pl.col(list(self._conditions())).sum()).row(0)
        pairs = zip(means, small_means, strict=True)
        return Summary(
            rows=len(rows),
            broken=broken,
            clipped=clipped,
            lowest=min(least) + 0.0,  # no -0.0
            highest=max(most) + 0.0,
            mean=sum((mean if math.isfinite(mean) else other) / self.targets for mean, other in pairs),
            below=tuple(below),
        )

    def _conditions(self) -> dict[str, Sql]:
        """Return what rows are counted by: their sums are not finite, they are clipped, which pillar is below."""
        broken = [Sql(f"NOT coalesce(isfinite(s{t}), false)") for t in range(self.targets)]
        below = {
            f"below{place}": Sql(f"clipped AND ({listed(self._lower(place), ' OR ')})")
            for place in range(len(self.factors))
        }
        return {"broken": listed(broken, " OR "), "clipped": Sql("clipped"), **below}

    def _clipped(self, target: int) -> Sql:
        inner = f"s{target}"
        if self.clip.high is not None:
            inner = f"least($clip_max, {inner})"
        return Sql(inner if self.clip.low is None else f"greatest($clip_min, {inner})")

    def _lower(self, place: int) -> list[Sql]:
        return [Sql("false" if self.clip.low is None else f"n{place}_{t} < $clip_min") for t in range(self.targets)]


def _mean(column: str) -> Sql:
    """Return the mean of finite numbers; where their sum is none, they are summed up as so many parts of themselves."""
    parts = f"{_LARGE!r}::DOUBLE"
    return Sql(f"CASE WHEN isfinite(avg({column})) THEN avg({column}) ELSE avg({column} / {parts}) * {parts} END")
