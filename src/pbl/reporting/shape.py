"""The numbers that the page draws besides those of `compare`: counts, quantiles, moves; never single rows.

The database computes them while a comparison is open; the sections draw them.
"""

from __future__ import annotations

import math
from dataclasses import dataclass, replace
from functools import cache, partial
from itertools import combinations
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.domain.weights import divide
from pbl.engine.duck import require_same_rows
from pbl.weights.scaling import root_mean_square

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pbl.engine.duck import Duck
    from pbl.weights.compare import Compared

BINS = 40
PAIR_BINS = 24
PAIRS_DRAWN = 12
BLEND = ""
"""The name of the blend among series: no pillar has an empty name."""


@dataclass(frozen=True, kw_only=True)
class Panel:
    """One target name: its range, and how each series (a pillar, or the blend) is spread in it."""

    target: str
    rows: int
    low: float
    high: float
    counts: Mapping[str, tuple[int, ...]]
    """For each series, the count of numbers in each of BINS bins of equal width."""
    quantiles: Mapping[str, tuple[float, ...]]
    """5, 25, 50, 75 and 95 %."""


@dataclass(frozen=True, kw_only=True)
class Alike:
    """How two pillars correlate within each target name; None if one is constant."""

    a: str
    b: str
    within: float | None
    """The mean of those that are not None."""
    per_target: Mapping[str, float | None]


@dataclass(frozen=True, kw_only=True)
class Grid:
    """How often two pillars' numbers fall into each cell of a grid: (x, y, rows)."""

    a: str
    b: str
    low: float
    high: float
    cells: tuple[tuple[int, int, int], ...]


@dataclass(frozen=True, kw_only=True)
class Clipped:
    """The effect of a clip on one target name."""

    target: str
    rows: int
    raised: int
    lowered: int
    largest: float

    @property
    def changed(self) -> int:
        """Return how many values it changed."""
        return self.raised + self.lowered


@dataclass(frozen=True, kw_only=True)
class Move:
    """By how much the blend of one target name moves without a pillar."""

    pillar: str
    target: str
    rmse: float
    largest: float


@dataclass(frozen=True, kw_only=True)
class Shape:
    """All of it."""

    panels: tuple[Panel, ...]
    alike: tuple[Alike, ...]
    grids: tuple[Grid, ...]
    clipped: tuple[Clipped, ...]
    moves: tuple[Move, ...]
    widest: tuple[float, ...]
    """The blend of each row of disagreement, in the comparison's order."""


def find_shape(compared: Compared, top: int) -> Shape:
    """Ask the database of an open comparison."""
    duck, plan = compared.duck, compared.plan
    names = plan.selection.names
    columns = [f"n{p}" for p in range(len(names))]
    _make_lines(compared)
    every = join([Sql(each) for each in [*columns, "b"]])
    ranges = duck.rows("report/ranges", low=Sql(f"least({every})"), high=Sql(f"greatest({every})"))
    require_same_rows(sum(off for *_, off in ranges))
    series = dict(zip([*names, BLEND], [*columns, "b"], strict=True))
    span = Sql(f"greatest({join([Sql(c) for c in columns])}) - least({join([Sql(c) for c in columns])})")
    with duck.several() as ask_duck:
        counted = {name: ask_duck(partial(_count, column, ranges)) for name, column in series.items()}
        ordered = {name: ask_duck(partial(_find_quantiles, column)) for name, column in series.items()}
        moved = [ask_duck(partial(_move, compared, place)) for place in range(len(names))]
        alike = _alike(compared)
        grids = [ask_duck(partial(_fill, grid, names)) for grid in _empty_grids(compared, alike)]
        widest = duck.rows("report/widest", {"top": top}, range=span) if len(names) > 1 else []
        clipped = duck.rows("report/clipping")
        counts = {name: each.result() for name, each in counted.items()}
        quantiles = {name: each.result() for name, each in ordered.items()}
        return Shape(
            panels=tuple(
                Panel(
                    target=compared.names[place],
                    rows=rows,
                    low=low + 0.0,
                    high=high + 0.0,
                    counts={name: tuple(counts[name][place]) for name in series},
                    quantiles={name: tuple(q + 0.0 for q in quantiles[name][place]) for name in series},
                )
                for place, low, high, rows, _ in ranges
            ),
            alike=alike,
            grids=tuple(each.result() for each in grids),
            clipped=tuple(
                Clipped(target=compared.names[place], rows=rows, raised=raised, lowered=lowered, largest=largest)
                for place, rows, raised, lowered, largest in clipped
            ),
            moves=tuple(move for each in moved for move in each.result()),
            widest=tuple(b for *_, b in widest),
        )


def _make_lines(compared: Compared) -> None:
    """Make the table `lines`: `long` with the blend of each row."""
    targets = compared.plan.formula.targets
    parts = [
        ask("report/part", targets=Sql(str(targets)), target=Sql(str(t)), sum=f"s{t}", blend=f"b{t}")
        for t in range(targets)
    ]
    if targets == 1:
        compared.duck.run("report/lines_of_one", part=parts[0])
    else:
        compared.duck.run("report/lines", parts=join(parts, " UNION ALL "))


def _count(column: str, ranges: Sequence[tuple[Any, ...]], duck: Duck) -> list[list[int]]:
    """Return how many numbers of a column lie in each bin, for each target name."""
    values = {"bins": BINS, "lows": [low for _, low, *_ in ranges], "highs": [high for _, _, high, *_ in ranges]}
    found = [[0] * BINS for _ in ranges]
    for place, bin_, rows in duck.rows("report/histogram", values, value=column):
        found[place][max(0, bin_)] += rows
    return found


def _find_quantiles(column: str, duck: Duck) -> dict[int, list[float]]:
    """Return the quantiles of a column for each target name."""
    return dict(duck.rows("report/quantiles", value=column))


def _alike(compared: Compared) -> tuple[Alike, ...]:
    names = compared.plan.selection.names
    pairs = list(combinations(range(len(names)), 2))
    if not pairs:
        return ()
    constant = {
        (numbers.pillar, target)
        for numbers in compared.found.pillars
        for target, spread in numbers.per_target.items()
        if spread.min == spread.max
    }
    largest = [Sql(f"nullif(max(abs(n{p})), 0)") for p in range(len(names))]
    sizes = zip(*compared.duck.rows("report/largest", sizes=join(largest)), strict=True)
    values = {f"sizes{p}": each for p, (_, each) in enumerate(zip(names, list(sizes)[1:], strict=True))}
    parts = [Sql(f"n{p} / list_extract($sizes{p}::DOUBLE[], place + 1)") for p in range(len(names))]
    asked = [Sql(f"corr({parts[a]}, {parts[b]})") for a, b in pairs]
    rows = compared.duck.rows("report/correlations", values, pairs=join(asked))
    found = []
    for number, (a, b) in enumerate(pairs):
        per_target: dict[str, float | None] = {}
        for place, *correlations in rows:
            target, value = compared.names[place], correlations[number]
            still = (names[a], target) in constant or (names[b], target) in constant
            known = value is not None and math.isfinite(value) and not still
            per_target[target] = max(-1.0, min(1.0, value)) if known else None
        there = [each for each in per_target.values() if each is not None]
        within = math.fsum(there) / len(there) if there else None
        found.append(Alike(a=names[a], b=names[b], within=within, per_target=per_target))
    return tuple(found)


def _empty_grids(compared: Compared, alike: tuple[Alike, ...]) -> Iterator[Grid]:
    """Yield the grids of the pairs that are least alike, on the range of both pillars, without their cells."""
    spreads = {numbers.pillar: numbers.all for numbers in compared.found.pillars}
    known = sorted((each for each in alike if each.within is not None), key=lambda each: (each.within, each.a, each.b))
    for each in known[:PAIRS_DRAWN]:
        low = min(spreads[each.a].min, spreads[each.b].min)
        high = max(spreads[each.a].max, spreads[each.b].max)
        if high > low:
            yield Grid(a=each.a, b=each.b, low=low, high=high, cells=())


def _fill(grid: Grid, names: Sequence[str], duck: Duck) -> Grid:
    """Return a grid with its cells."""
    a, b = (f"n{names.index(name)}" for name in (grid.a, grid.b))
    values = {"bins": PAIR_BINS, "low": grid.low / 2, "high": grid.high / 2}
    return replace(grid, cells=tuple(duck.rows("report/pair_bins", values, a=a, b=b)))


def _move(compared: Compared, place: int, duck: Duck) -> list[Move]:
    """Return the moves without the pillar in a place; none if no other has a weight."""
    formula, weights = compared.plan.formula, compared.plan.weighing.weights
    others = [0.0 if n == place else weight for n, weight in enumerate(weights)]
    if math.fsum(others) <= 0:
        return []
    without = replace(formula, factors=divide(others))
    blend = without.blend(compared.rows)
    targets = Sql(str(formula.targets))
    parts = [
        ask("report/moves_part", blend=blend, targets=targets, target=Sql(str(t)), number=Sql(f"b{t}"))
        for t in range(formula.targets)
    ]
    measured = cache(partial(_measure_moves, duck, without.values(), join(parts, " UNION ALL ")))
    found = []
    for k, target in enumerate(compared.names):

        def of_name(size: float, k: int = k) -> tuple[float, float]:
            return measured(size)[k]

        rmse, largest = root_mean_square(of_name)
        found.append(Move(pillar=compared.plan.selection.names[place], target=target, rmse=rmse, largest=largest))
    return found


def _measure_moves(duck: Duck, values: Mapping[str, Any], parts: Sql, size: float) -> list[tuple[float, float]]:
    """Return the mean square and the largest of each target name's moves, multiplied by `size`."""
    moves = duck.rows("report/moves", {**values, "size": size}, parts=parts)
    require_same_rows(sum(off for *_, off in moves))
    return [(square, largest) for _, square, largest, _ in moves]
