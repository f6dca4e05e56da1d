"""The sections on the pillars' numbers: how they are spread, how alike they are, where they disagree.

`report` puts the sections together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.wording import numeral, plural
from pbl.reporting.charts.numbers import draw_correlation, draw_dots, draw_grid, draw_panel
from pbl.reporting.sections import NotShown, Picture, Section, Table
from pbl.reporting.shape import BLEND

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.reporting.material import Material
    from pbl.reporting.sections import Cell
    from pbl.reporting.shape import Panel, Shape

_MOST_PANELS = 12
_PANEL_WIDTH, _GRID_WIDTH = 380, 240
_NO_PILLARS = "name the pillars: pbl report FOLDER"
_SECOND = "name a second pillar"


def make_predictions(made: Material) -> Section | NotShown:
    """Say how the numbers of each pillar and of the blend are spread, with a panel for each target."""
    if made.shape is None or made.comparison is None or made.plan is None:
        return NotShown(section="predictions", why="no pillars are named", hint=_NO_PILLARS)
    shape, clip = made.shape, made.plan.clip
    panels = _most_apart(shape)
    names = {name: name for name in made.names} | {BLEND: "the blend" if "blend" in made.names else "blend"}
    bounds = [each for each in (clip.low, clip.high) if each is not None] or [0.0]
    widest = max(panels, key=lambda panel: _distance(panel, made.names))
    medians = {name: panel_median(widest, name) for name in made.names}
    low, high = min(medians, key=medians.__getitem__), max(medians, key=medians.__getitem__)
    where = f"In {widest.target} the medians" if len(shape.panels) > 1 else "The medians"
    answer = f"{where} lie between {numeral(medians[low])} ({low}) and {numeral(medians[high])} ({high})."
    if len(made.names) == 1:
        answer = f"The median of {made.names[0]} is {numeral(medians[low])}" + (
            f" in {widest.target}." if len(shape.panels) > 1 else "."
        )
    spreads = {numbers.pillar: numbers.per_target for numbers in made.comparison.pillars}
    rows: list[tuple[Cell, ...]] = []
    for panel in panels:
        for series, shown in names.items():
            spread = spreads[series].get(panel.target) if series in spreads else None
            moments = (spread.mean, spread.sd, spread.min, spread.max) if spread else (None,) * 4
            rows.append((panel.target, shown, *moments, *panel.quantiles[series]))
    notes = []
    if len(panels) < len(shape.panels):
        notes.append(
            f"{len(panels)} of {plural(len(shape.panels), 'target')}: those on which the pillars disagree most."
        )
    return Section(
        name="predictions",
        heading="What do the predictions look like?",
        answer=answer,
        pictures=tuple(_panel_picture(n, panel, names, bounds) for n, panel in enumerate(panels)),
        tables=(
            Table(
                caption="Means and quantiles",
                columns=("target", "pillar", "mean", "sd", "min", "max", "5 %", "25 %", "median", "75 %", "95 %"),
                rows=tuple(rows),
            ),
        ),
        notes=tuple(notes),
        data={
            "pillars": [numbers.to_json() for numbers in made.comparison.pillars],
            "panels": [
                {
                    "target": panel.target,
                    "rows": panel.rows,
                    "low": panel.low,
                    "high": panel.high,
                    "counts": {names[series]: list(counts) for series, counts in panel.counts.items()},
                    "quantiles": {names[series]: list(each) for series, each in panel.quantiles.items()},
                }
                for panel in shape.panels
            ],
            "drawn": [panel.target for panel in panels],
        },
    )


def panel_median(panel: Panel, series: str) -> float:
    """Return a series' median."""
    return panel.quantiles[series][2]


def _panel_picture(place: int, panel: Panel, names: Mapping[str, str], bounds: list[float]) -> Picture:
    told = "; ".join(
        f"{shown} {numeral(panel_median(panel, series))} ({numeral(panel.quantiles[series][0])} to "
        f"{numeral(panel.quantiles[series][-1])})"
        for series, shown in names.items()
    )
    return Picture(
        name=f"predictions-{place + 1}",
        title=f"Predictions of {panel.target}",
        description=f"A histogram a pillar and the blend, of {plural(panel.rows, 'row')}. Median (5 to 95 %): {told}.",
        draw=lambda width: draw_panel(panel, names, bounds, width),
        small=_PANEL_WIDTH,
    )


def _most_apart(shape: Shape) -> tuple[Panel, ...]:
    """Return the panels to draw: all, or those whose pillars correlate least within them."""
    if len(shape.panels) <= _MOST_PANELS:
        return shape.panels

    def mean(panel: Panel) -> float:
        known = [c for c in (each.per_target.get(panel.target) for each in shape.alike) if c is not None]
        return sum(known) / len(known) if known else 2.0

    chosen = {panel.target for panel in sorted(shape.panels, key=lambda each: (mean(each), each.target))[:_MOST_PANELS]}
    return tuple(panel for panel in shape.panels if panel.target in chosen)


def _distance(panel: Panel, names: tuple[str, ...]) -> float:
    medians = [panel_median(panel, name) for name in names]
    return max(medians) / 2 - min(medians) / 2


def make_correlation(made: Material) -> Section | NotShown:
    """Say how alike the pillars are within a target."""
    if made.shape is None or made.comparison is None:
        return NotShown(section="correlation", why="no pillars are named", hint=_NO_PILLARS)
    if not made.shape.alike:
        return NotShown(section="correlation", why="there is one pillar", hint=_SECOND)
    alike, names = made.shape.alike, made.names
    constant = frozenset(
        n.pillar for n in made.comparison.pillars if all(s.min == s.max for s in n.per_target.values())
    )
    known = sorted((e for e in alike if e.within is not None), key=lambda e: (e.within or 0.0, e.a, e.b))
    if known:
        least, most = known[0], known[-1]
        answer = f"{least.a} and {least.b} are least alike: {numeral(least.within)} within a target"
        answer += f"; {most.a} and {most.b} most: {numeral(most.within)}." if len(known) > 1 else "."
    else:
        answer = "No two pillars vary, so nothing correlates."
    pairs = {frozenset((pair.a, pair.b)): pair for pair in made.comparison.pairs}
    notes = [f"{pair.b} is a copy of {pair.a}." for pair in made.comparison.pairs if pair.same == "copy"]
    notes += [
        f"{pair.b} is {numeral(pair.slope)} times {pair.a} plus {numeral(pair.intercept)}."
        for pair in made.comparison.pairs
        if pair.same == "affine"
    ]
    rows: list[tuple[Cell, ...]] = []
    for each in alike:
        pair = pairs[frozenset((each.a, each.b))]
        within: Cell = "constant" if {each.a, each.b} & constant else each.within
        rows.append((each.a, each.b, within, pair.pearson, pair.spearman, pair.rmse, pair.max_abs_difference))
    told = "; ".join(f"{e.a} and {e.b} {numeral(e.within)}" for e in known[:_MOST_PANELS])
    heat = Picture(
        name="correlation",
        title="Correlation within a target",
        description=f"A cell a pair, darker where they are more alike. The least alike first: {told or 'none'}.",
        draw=lambda width: draw_correlation(names, alike, constant, width),
    )
    grids = [
        Picture(
            name=f"correlation-{n + 1}",
            title=f"{grid.a} against {grid.b}",
            description=f"How often their numbers meet, from {numeral(grid.low)} to {numeral(grid.high)}; within a "
            f"target they correlate with {numeral(next(e.within for e in alike if (e.a, e.b) == (grid.a, grid.b)))}.",
            draw=lambda width, grid=grid: draw_grid(grid, width),  # type: ignore[misc] # a default binds each grid
            small=_GRID_WIDTH,
        )
        for n, grid in enumerate(made.shape.grids)
    ]
    return Section(
        name="correlation",
        heading="How alike are the pillars?",
        answer=answer,
        pictures=(heat, *grids),
        tables=(
            Table(
                caption="Pairs",
                columns=("", "and", "within a target", "Pearson", "Spearman", "rmse", "largest difference"),
                rows=tuple(rows),
            ),
        ),
        notes=tuple(notes),
        data={
            "pillars": list(names),
            "constant": sorted(constant),
            "within": [{"a": e.a, "b": e.b, "pearson": e.within, "per_target": dict(e.per_target)} for e in alike],
            "pairs": [pair.to_json() for pair in made.comparison.pairs],
        },
    )


def make_disagreements(made: Material) -> Section | NotShown:
    """Say in which rows the pillars disagree most."""
    if made.shape is None or made.comparison is None:
        return NotShown(section="disagreements", why="no pillars are named", hint=_NO_PILLARS)
    if len(made.names) < 2:  # noqa: PLR2004 - one agrees with itself
        return NotShown(section="disagreements", why="there is one pillar", hint=_SECOND)
    found = made.comparison.disagreements
    data = {
        "disagreements": [
            each.to_json() | {"blend": blend} for each, blend in zip(found, made.shape.widest, strict=False)
        ]
    }
    heading = "Where do they disagree most?"
    if not found:
        return NotShown(section="disagreements", why="no row was asked for", hint="--top 10")
    if not found[0].range > 0:
        answer = "Nowhere: all pillars give the same numbers."
        return Section(name="disagreements", heading=heading, answer=answer, data=data)
    labels = [each.id if each.target is None else f"{each.id} {each.target}" for each in found]
    first = found[0]
    low, high = min(first.values, key=first.values.__getitem__), max(first.values, key=first.values.__getitem__)
    answer = (
        f"Over {labels[0]}: {low} says {numeral(first.values[low])}, {high} {numeral(first.values[high])}, "
        f"{numeral(first.range)} apart."
    )
    told = "; ".join(f"{label} {numeral(each.range)}" for label, each in zip(labels, found, strict=True))
    values, blends = [each.values for each in found], list(made.shape.widest)
    return Section(
        name="disagreements",
        heading=heading,
        answer=answer,
        pictures=(
            Picture(
                name="disagreements",
                title="Rows on which the pillars are furthest apart",
                description=f"A dot a pillar, a bar for the blend. From least to largest: {told}.",
                draw=lambda width: draw_dots(
                    labels, made.names, values, blends, title="prediction; bar: the blend", width=width
                ),
            ),
        ),
        tables=(
            Table(
                caption="Rows furthest apart",
                columns=("id", *(("target",) if first.target is not None else ()), "range", *made.names, "blend"),
                rows=tuple(
                    (
                        each.id,
                        *((each.target,) if first.target is not None else ()),
                        each.range,
                        *(each.values[name] for name in made.names),
                        blend,
                    )
                    for each, blend in zip(found, blends, strict=True)
                ),
            ),
        ),
        data=data,
    )
