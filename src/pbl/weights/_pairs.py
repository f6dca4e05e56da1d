"""How two pillars are alike: correlations, differences, and whether one is a copy of the other or a line of it.

`compare` computes them over its table `long`; sums of products are of numbers less their means.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.engine.duck import require_same_rows
from pbl.weights.comparison import Pair
from pbl.weights.scaling import power_for

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pbl.domain.limits import Limits
    from pbl.engine.duck import Duck
    from pbl.weights.comparison import Same, Spread

AFFINE = 1e-6
"""How near a line must come, in parts of the range."""
_PRUNE = 1e-9
_BYTES_A_ROW = 64
"""What a row takes while polars ranks it."""
_PARTS = 4
"""Such a part of the memory the ranks may take."""


@dataclass(frozen=True, kw_only=True)
class _Pillar:
    """One pillar's numbers, multiplied by `size`, in SQL: n4 its numbers, q4 their ranks less the mean rank."""

    place: int
    size: float
    mean: float
    low: float
    high: float

    @property
    def scale(self) -> float:
        """Return how far from the mean they come, at most."""
        return max(self.high - self.mean, self.mean - self.low) or 1.0

    @property
    def centred(self) -> str:
        """Return the numbers less their mean, as parts of the scale, so that no product is too large."""
        p = self.place
        return f"((n{p} * $size{p} - $mean{p}) / $scale{p})"

    def values(self) -> dict[str, float]:
        """Return the values of the $parameters of `centred`."""
        return {f"size{self.place}": self.size, f"mean{self.place}": self.mean, f"scale{self.place}": self.scale}


@dataclass(frozen=True, kw_only=True)
class _Products:
    """Two pillars row by row; differences are multiplied by the lesser of the two sizes."""

    product: float
    """The sum of the products of their centred numbers."""
    rank_product: float
    square: float
    """The mean square difference."""
    largest: float
    """The largest absolute difference."""
    differ: bool


def compare_pairs(
    duck: Duck, names: Sequence[str], spreads: Sequence[Spread], rows: int, limits: Limits
) -> Iterator[Pair]:
    """Yield all pairs of pillars, in pillar order; there are so many rows."""
    pillars = [_pillar(p, each) for p, each in enumerate(spreads)]
    if len(pillars) < 2:  # noqa: PLR2004 - a pair is two
        return
    for each in pillars:
        _rank(duck, each.place, rows, limits)
    with duck.several() as ask_duck:
        squared = [ask_duck(partial(_squares, each)) for each in pillars]
        multiplied = [ask_duck(partial(_products, one, pillars[a + 1 :])) for a, one in enumerate(pillars[:-1])]
        squares, products = [each.result() for each in squared], [each.result() for each in multiplied]
    for a, one in enumerate(pillars[:-1]):
        for other, found in zip(pillars[a + 1 :], products[a], strict=True):
            b = other.place
            constant = one.low == one.high or other.low == other.high
            pearson = None if constant else _correlation(found.product, squares[a][0], squares[b][0])
            spearman = None if constant else _correlation(found.rank_product, squares[a][1], squares[b][1])
            same: Same | None = None
            slope = intercept = None
            if not found.differ:
                same, slope, intercept = "copy", 1.0, 0.0
            elif pearson is not None and 1 - pearson**2 <= _PRUNE + 2 * AFFINE**2 * rows:
                line = found.product * other.scale / (squares[a][0] * one.scale)
                start = other.mean - line * one.mean
                if _is_line(duck, one, other, line, start):
                    same, slope, intercept = "affine", line * one.size / other.size, start / other.size
            both = min(one.size, other.size)
            yield Pair(
                a=names[a],
                b=names[b],
                pearson=pearson,
                spearman=spearman,
                rmse=math.sqrt(found.square) / both,
                max_abs_difference=found.largest / both,
                same=same,
                slope=slope,
                intercept=intercept,
            )
    for each in pillars:
        duck.run("blend/forget", table=f"ranks{each.place}")


def _pillar(place: int, spread: Spread) -> _Pillar:
    size = power_for(max(-spread.min, spread.max))
    return _Pillar(place=place, size=size, mean=spread.mean * size, low=spread.min * size, high=spread.max * size)


def _rank(duck: Duck, pillar: int, rows: int, limits: Limits) -> None:
    """Make a pillar's table of ranks: polars takes half the time, and the database no memory that it hasn't."""
    table, ranks, values = f"ranks{pillar}", f"q{pillar}", {"rows": rows}
    if rows * _BYTES_A_ROW * _PARTS > limits.most():
        ranked = ask("compare/rank", column=ask("compare/column", number=f"n{pillar}"))
        duck.run("compare/keep_ranks", values, table=table, ranks=ranks, ranked=ranked)
        return
    frame = duck.frame("compare/column", number=f"n{pillar}")
    with duck.batch(frame.select("row", rank=frame["n"].rank("average"))):
        duck.run("compare/keep_ranks", values, table=table, ranks=ranks, ranked="batch")


def _squares(pillar: _Pillar, duck: Duck) -> tuple[float, float]:
    """Return the sums of squares of a pillar's numbers and of its ranks, about their means."""
    p = pillar.place
    facts = [
        Sql(f"fsum({pillar.centred} * {pillar.centred}) AS d, fsum(q{p} * q{p}) AS q"),
        Sql(f"count(*) FILTER (WHERE ranks{p}.row IS DISTINCT FROM long.row) AS apart"),
    ]
    found = _sums(duck, facts, [p], pillar.values())
    require_same_rows(found["apart"])
    return found["d"], found["q"]


def _products(one: _Pillar, others: Sequence[_Pillar], duck: Duck) -> list[_Products]:
    """Return the products of a pillar with each of the others."""
    a, values, facts = one.place, one.values(), []
    for other in others:
        b = other.place
        difference = f"(n{a} * $both{b} - n{b} * $both{b})"
        values |= {**other.values(), f"both{b}": min(one.size, other.size)}
        facts += [
            Sql(f"fsum({one.centred} * {other.centred}) AS d{b}, fsum(q{a} * q{b}) AS q{b}"),
            Sql(f"favg({difference} ** 2) AS square{b}, max(abs{difference}) AS largest{b}"),
            Sql(f"bool_or(n{a} <> n{b}) AS differ{b}"),
        ]
    places = [other.place for other in others]
    found = _sums(duck, facts, [a, *places], values)
    return [
        _Products(
            product=found[f"d{b}"],
            rank_product=found[f"q{b}"],
            square=found[f"square{b}"],
            largest=found[f"largest{b}"],
            differ=found[f"differ{b}"],
        )
        for b in places
    ]


def _sums(duck: Duck, facts: list[Sql], ranked: Sequence[int], values: Mapping[str, float]) -> dict[str, Any]:
    joins = [Sql(f"POSITIONAL JOIN ranks{p}") for p in ranked]
    return duck.row("compare/sums", values, facts=join(facts), joins=join(joins, " "))


def _correlation(product: float, one: float, other: float) -> float | None:
    size = math.sqrt(one) * math.sqrt(other)
    return max(-1.0, min(1.0, product / size)) if size > 0 else None


def _is_line(duck: Duck, one: _Pillar, other: _Pillar, slope: float, intercept: float) -> bool:
    """Say whether the other is slope * one + intercept, everywhere within a millionth of its range."""
    values = {"slope": slope, "intercept": intercept, "one": one.size, "other": other.size}
    expected = f"($slope * (n{one.place} * $one) + $intercept)"
    found = _sums(duck, [Sql(f"max(abs(n{other.place} * $other - {expected})) AS off")], [], values)
    return bool(found["off"] <= AFFINE * (other.high - other.low))
