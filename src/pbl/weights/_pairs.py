"""How two pillars are alike: correlations, differences, and whether one is a copy of the other or a line of it.

`compare` asks it of its table `long`; sums of products are taken of numbers about their means.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, listed

from pbl.engine.duck import require_same_rows
from pbl.weights.comparison import Pair

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


def compare_pairs(
    duck: Duck, names: Sequence[str], spreads: Sequence[Spread], rows: int, limits: Limits
) -> Iterator[Pair]:
    """Yield all pairs of pillars, in pillar order, of so many rows."""
    pillars = range(len(names))
    if len(pillars) < 2:  # noqa: PLR2004 - a pair is two
        return
    scales = [max(each.max - each.mean, each.mean - each.min) or 1.0 for each in spreads]
    centred = [f"((n{p} - $mean{p}) / $scale{p})" for p in pillars]
    for p in pillars:
        _rank(duck, p, rows, limits)
    squares = {}
    for p in pillars:
        facts = [
            Sql(f"fsum({centred[p]} * {centred[p]}) AS d{p}, fsum(q{p} * q{p}) AS q{p}"),
            Sql(f"count(*) FILTER (WHERE ranks{p}.row IS DISTINCT FROM long.row) AS apart"),
        ]
        squares |= _sums(duck, facts, {p: (spreads[p].mean, scales[p])})
        require_same_rows(squares["apart"])
    for a in pillars[:-1]:
        others = pillars[a + 1 :]
        facts = [
            Sql(
                f"fsum({centred[a]} * {centred[b]}) AS d{b}, fsum(q{a} * q{b}) AS q{b}, "
                f"favg((n{a} - n{b}) ** 2) AS square{b}, max(abs(n{a} - n{b})) AS largest{b}"
            )
            for b in others
        ]
        found = _sums(duck, facts, {p: (spreads[p].mean, scales[p]) for p in (a, *others)})
        for b in others:
            constant = any(spreads[p].min == spreads[p].max for p in (a, b))
            pearson = None if constant else _correlation(found[f"d{b}"], squares[f"d{a}"], squares[f"d{b}"])
            spearman = None if constant else _correlation(found[f"q{b}"], squares[f"q{a}"], squares[f"q{b}"])
            same: Same | None = None
            slope = intercept = None
            if found[f"largest{b}"] == 0:
                same, slope, intercept = "copy", 1.0, 0.0
            elif pearson is not None and 1 - pearson**2 <= _PRUNE + 2 * AFFINE**2 * rows:
                line = found[f"d{b}"] * scales[b] / (squares[f"d{a}"] * scales[a])
                start = spreads[b].mean - line * spreads[a].mean
                if _is_line(duck, a, b, (line, start), spreads[b]):
                    same, slope, intercept = "affine", line, start
            yield Pair(
                a=names[a],
                b=names[b],
                pearson=pearson,
                spearman=spearman,
                rmse=math.sqrt(found[f"square{b}"]),
                max_abs_difference=found[f"largest{b}"],
                same=same,
                slope=slope,
                intercept=intercept,
            )
    for p in pillars:
        duck.run("blend/forget", table=f"ranks{p}")


def _rank(duck: Duck, pillar: int, rows: int, limits: Limits) -> None:
    """Make a pillar's table of ranks: by polars, which takes half the time, or by the database, which needs no memory."""
    table, ranks, values = f"ranks{pillar}", f"q{pillar}", {"rows": rows}
    if rows * _BYTES_A_ROW * _PARTS > limits.most():
        ranked = ask("compare/rank", column=ask("compare/column", number=f"n{pillar}"))
        duck.run("compare/keep_ranks", values, table=table, ranks=ranks, ranked=ranked)
        return
    frame = duck.frame("compare/column", number=f"n{pillar}")
    with duck.batch(frame.select("row", rank=frame["n"].rank("average"))):
        duck.run("compare/keep_ranks", values, table=table, ranks=ranks, ranked="batch")


def _sums(duck: Duck, facts: list[Sql], centres: Mapping[int, tuple[float, float]]) -> dict[str, Any]:
    """Return facts of some pillars over all rows; `centres` are the mean and the scale of each."""
    values = {}
    for p, (mean, scale) in centres.items():
        values |= {f"mean{p}": mean, f"scale{p}": scale}
    joins = [Sql(f"POSITIONAL JOIN ranks{p}") for p in centres]
    return duck.row("compare/sums", values, facts=listed(facts), joins=listed(joins, " "))


def _correlation(product: float, one: float, other: float) -> float | None:
    size = math.sqrt(one) * math.sqrt(other)
    return max(-1.0, min(1.0, product / size)) if size > 0 else None


def _is_line(duck: Duck, a: int, b: int, line: tuple[float, float], spread: Spread) -> bool:
    """Say whether b is slope * a + intercept, everywhere within a millionth of its range."""
    values = {"slope": line[0], "intercept": line[1]}
    found = duck.row("compare/sums", values, facts=Sql(f"max(abs(n{b} - ($slope * n{a} + $intercept))) AS off"), joins=Sql(""))
    return bool(found["off"] <= AFFINE * (spread.max - spread.min))
