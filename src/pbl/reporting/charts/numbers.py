"""Charts of the pillars' numbers: how they are spread, how alike they are, where they disagree.

The sections of `of_numbers` show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

from pbl.domain.wording import numeral
from pbl.reporting.charts.rows import chart_of, ends, finish, looks, make_rows, ticks_for, x
from pbl.reporting.shape import BINS, BLEND, PAIR_BINS
from pbl.reporting.theme import colour, heat, series_colour

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import altair as alt

    from pbl.reporting.shape import Alike, Grid, Panel

_TALL = 0.62
_MOST_NUMBERS = 12
_QUANTILES = 5
_SMALL, _NAME, _MOST_ROOM = 6.6, 10, 0.6
"""For the names beside dots: a letter's width, the space around them, and the part of the width that they may take."""


def draw_panel(panel: Panel, names: Mapping[str, str], bounds: Sequence[float], width: int) -> alt.Chart:
    """Draw each series' histogram above bars of 5 to 95 and 25 to 75 % with the median's ring; bounds are dashed."""
    import altair as alt

    order = list(names)
    lay = make_rows([names[each] for each in order], width, 40 if len(order) <= _MOST_NUMBERS else 26)
    domain = (panel.low, panel.high) if panel.high > panel.low else ends([panel.low])
    tallest = max((count for counts in panel.counts.values() for count in counts), default=1)
    edge = [panel.low + (panel.high - panel.low) * n / BINS for n in range(BINS + 1)]
    areas: list[dict[str, Any]] = []
    bars: list[dict[str, Any]] = []
    for row, series in enumerate(order):
        paint = colour("ink") if series == BLEND else series_colour(row)
        base = row + 0.14
        if panel.high > panel.low:
            counts = panel.counts[series]
            heights = [_TALL * count / tallest for count in (*counts, counts[-1])]
            areas += [
                {"x": at, "y": base, "y2": base - high, "series": row, "ink": paint}
                for at, high in zip(edge, heights, strict=True)
            ]
        q = panel.quantiles[series]
        ninety, fifty, middle = (q[0], q[-1]), (q[1], q[-2]), q[_QUANTILES // 2]
        bars.append({"y": row + 0.28, "a": ninety[0], "b": ninety[1], "c": fifty[0], "d": fifty[1], "m": middle})
        bars[-1]["ink"] = paint
    paint_by, y = alt.Color("ink:N", scale=None), lay.y("y")
    layers = [lay.room(), lay.labels()]
    zero = [each for each in dict.fromkeys(bounds) if domain[0] <= each <= domain[1]]
    if zero:
        rule = chart_of([{"x": each} for each in zero]).mark_rule(strokeDash=[4, 3], color=colour("edge"))
        layers.append(rule.encode(x=x("x", None, domain)))
    if areas:
        area = chart_of(areas).mark_area(interpolate="step-after", opacity=0.55, line=False)
        layers.append(
            area.encode(
                x=x("x", None, domain, ticks=ticks_for(lay.width)), y=y, y2="y2:Q", detail="series:N", color=paint_by
            )
        )
    thin = chart_of(bars).mark_rule(strokeWidth=1.5).encode(x=x("a", None, domain), x2="b:Q", y=y, color=paint_by)
    thick = chart_of(bars).mark_rule(strokeWidth=4).encode(x=x("c", None, domain), x2="d:Q", y=y, color=paint_by)
    ring = chart_of(bars).mark_point(filled=True, size=38, opacity=1, stroke=colour("bg"), strokeWidth=1)
    layers += [thin, thick, ring.encode(x=x("m", None, domain), y=y, color=paint_by)]
    return finish(layers, width=lay.width, height=lay.height, title=panel.target)


def draw_correlation(names: Sequence[str], pairs: Sequence[Alike], constant: frozenset[str], width: int) -> alt.Chart:
    """Draw how pillars correlate within a target, with a cell for each pair below the diagonal."""
    import altair as alt

    place = {name: n for n, name in enumerate(names)}
    lay = make_rows(names[1:], width, 10)
    across = max(1, len(names) - 1)
    side = max(8.0, min(64.0, lay.width / across))
    lay = make_rows(names[1:], width, round(min(side, 40.0)))
    cells: list[dict[str, Any]] = []
    for each in pairs:
        row, column = sorted((place[each.a], place[each.b]), reverse=True)
        still = {each.a, each.b} & constant
        fill, ink = heat(each.within) if each.within is not None else (colour("panel"), colour("soft"))
        told = "constant" if still else numeral(each.within, 2)
        cells.append({"row": row - 1, "x": column, "x2": column + 1, "fill": fill, "ink": ink, "told": told})
    cells.sort(key=lambda cell: (cell["fill"], cell["row"], cell["x"]))
    for cell in cells:
        cell |= {"y": cell["row"] - 0.5, "y2": cell["row"] + 0.5, "mid": cell["x"] + 0.5}
    wide = side * across
    scale = alt.Scale(domain=[0, across], nice=False, zero=False)
    boxes = chart_of(cells).mark_rect(stroke=colour("bg"), strokeWidth=1)
    layers = [
        lay.labels(),
        boxes.encode(
            x=alt.X("x:Q", axis=None, scale=scale),
            x2="x2:Q",
            y=lay.y("y"),
            y2="y2:Q",
            fill=alt.Fill("fill:N", scale=None),
        ),
    ]
    if side > 34:  # noqa: PLR2004 - a number of two digits fits
        size = 11 if side > 54 else 9  # noqa: PLR2004 - so does `constant`
        text = chart_of(cells).mark_text(fontSize=size, limit=side)
        layers.append(
            text.encode(
                x=alt.X("mid:Q", axis=None, scale=scale), y=lay.y(), text="told:N", color=alt.Color("ink:N", scale=None)
            )
        )
    below = [{"mid": n + 0.5, "name": name} for n, name in enumerate(names[:-1])]
    turned = chart_of(below).mark_text(angle=315, align="right", fontSize=11, limit=100, dx=-2, baseline="top")
    layers.append(turned.encode(x=alt.X("mid:Q", axis=None, scale=scale), y=alt.value(lay.height + 6), text="name:N"))
    return finish(layers, width=wide, height=lay.height)


def draw_grid(grid: Grid, width: int) -> alt.Chart:
    """Draw how often two pillars' numbers occur together, darker for more rows; on the dashed line they agree."""
    import altair as alt

    plot = width - 64
    most = max(rows for *_, rows in grid.cells)
    step = (grid.high / 2 - grid.low / 2) * 2 / PAIR_BINS
    shades = ["h3", "h4", "h5", "h6"]
    cells = [
        {
            "x": grid.low + a * step,
            "x2": grid.low + (a + 1) * step,
            "y": grid.low + b * step,
            "y2": grid.low + (b + 1) * step,
            "fill": colour(shades[min(len(shades) - 1, int(len(shades) * (rows / most) ** 0.5))]),
        }
        for a, b, rows in grid.cells
    ]
    cells.sort(key=lambda cell: str(cell["fill"]))
    scale = alt.Scale(domain=[grid.low, grid.high], nice=False, zero=False)
    along = alt.X("x:Q", title=grid.a, scale=scale, axis=alt.Axis(tickCount=3, grid=False, titleLimit=plot))
    up = alt.Y("y:Q", title=grid.b, scale=scale, axis=alt.Axis(tickCount=3, titleLimit=plot))
    boxes = chart_of(cells).mark_rect().encode(x=along, x2="x2:Q", y=up, y2="y2:Q", fill=alt.Fill("fill:N", scale=None))
    line = chart_of([{"x": grid.low, "y": grid.low}, {"x": grid.high, "y": grid.high}])
    return finish(
        [boxes, line.mark_line(strokeDash=[4, 3], color=colour("soft"), strokeWidth=1).encode(x=along, y=up)],
        width=plot,
        height=plot,
    )


def draw_dots(
    labels: Sequence[str],
    names: Sequence[str],
    values: Sequence[Mapping[str, float]],
    bars: Sequence[float | None],
    *,
    title: str,
    width: int,
) -> alt.Chart:
    """Draw a dot a name in each row, and a bar for the blend; the outermost dots have their names beside them."""
    import altair as alt

    lay = make_rows(labels, width, 30)
    look = looks(len(names))
    every = [each for row in values for each in row.values()] + [each for each in bars if each is not None]
    longest = max(len(name) for name in names)
    room = min(_MOST_ROOM, 2 * (_NAME + _SMALL * longest) / lay.width)
    domain = ends(every, share=room / 2 / (1 - room))
    dots, outer = [], []
    for n, row in enumerate(values):
        known = [name for name in names if name in row]
        for name in known:
            k = list(names).index(name)
            dots.append({"row": n, "x": row[name], "ink": look["colours"][k], "shape": look["shapes"][k]})
        low, high = min(known, key=row.__getitem__), max(known, key=row.__getitem__)
        outer += [{"row": n, "x": row[low], "name": low, "side": 0}] if low != high else []
        outer.append({"row": n, "x": row[high], "name": high, "side": 1})
    along, y = x("x", title, domain, ticks=ticks_for(lay.width)), lay.y()
    marks = chart_of(dots).mark_point(filled=True, size=70, opacity=0.9)
    layers = [
        lay.room(),
        lay.stripes(),
        lay.labels(),
        marks.encode(x=along, y=y, color=alt.Color("ink:N", scale=None), shape=alt.Shape("shape:N", scale=None)),
    ]
    ticks = [{"row": n, "x": each} for n, each in enumerate(bars) if each is not None]
    if ticks:
        tick = chart_of(ticks).mark_tick(orient="vertical", size=14, thickness=3, color=colour("ink"), opacity=1)
        layers.append(tick.encode(x=along, y=y))
    limit = room / 2 * lay.width - 8
    sides: tuple[tuple[Literal["left", "right"], int], ...] = (("right", -8), ("left", 8))
    for side, (align, shift) in enumerate(sides):
        text = chart_of([row for row in outer if row["side"] == side])
        drawn = text.mark_text(align=align, dx=shift, fontSize=11, limit=limit, color=colour("soft"))
        layers.append(drawn.encode(x=along, y=y, text="name:N"))
    return finish(layers, width=lay.width, height=lay.height)
