"""Charts of weights and scores: shares, intervals, folds, the blend without a pillar.

The sections of `of_blend` and `of_scores` show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.wording import numeral
from pbl.reporting.charts.rows import chart_of, ends, finish, make_rows, ticks_for, x
from pbl.reporting.theme import colour, series_colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

_LETTER = 7.4
_CLEAR = 8.0


def draw_shares(shares: Sequence[tuple[str, float]], width: int) -> alt.Chart:
    """Draw one bar of all shares; those below 0 go to the left of 0. Without room for a name, only the table has it."""
    import altair as alt

    plot = width - 24
    low = min(0.0, sum(min(0.0, share) for _, share in shares))
    high = max(low + 1e-9, sum(max(0.0, share) for _, share in shares))
    rows, right, left = [], 0.0, 0.0
    ends_of = [-2 * _CLEAR] * 3
    for place, (name, share) in enumerate(shares):
        start = right if share >= 0 else left
        end = start + share
        right, left = (end, left) if share >= 0 else (right, end)
        told = f"{name} {numeral(share, 2)}"
        half = len(told) * _LETTER / 2
        middle = min(plot - half, max(half, ((start + end) / 2 - low) / (high - low) * plot))
        side = next((n for n in (0, 1, 2) if middle - half > ends_of[n] + _CLEAR), None)
        if side is not None:
            ends_of[side] = middle + half
        label = {"label": middle, "side": side, "name": told}
        rows.append({"x": start, "x2": end, "colour": series_colour(place), **label})
    scale = alt.Scale(domain=[low, high], nice=False, zero=False)
    bars = chart_of(rows).mark_rect(stroke=colour("bg"), strokeWidth=2)
    layers = [
        bars.encode(
            x=alt.X("x:Q", axis=None, scale=scale),
            x2="x2:Q",
            y=alt.value(20),
            y2=alt.value(50),
            color=alt.Color("colour:N", scale=None),
        )
    ]
    across = alt.X("label:Q", axis=None, scale=alt.Scale(domain=[0, plot], nice=False, zero=False))
    for side, at in enumerate((15, 65, 80)):
        named = [row for row in rows if row["side"] == side]
        if named:
            text = chart_of(named).mark_text(baseline="bottom", fontSize=12)
            layers.append(text.encode(x=across, y=alt.value(at), text="name:N"))
    return finish(layers, width=plot, height=85, independent=True)


def draw_scores(rows: Sequence[dict[str, object]], title: str, width: int) -> alt.Chart:
    """Draw a score and its interval in each row: `name`, `score`, `low`, `high`, `in_sample` (or None), `blend`.

    A hollow ring marks a score on rows that the weights were fitted on.
    """
    import altair as alt

    lay = make_rows([str(row["name"]) for row in rows], width, 28)
    values = [row[key] for row in rows for key in ("score", "low", "high", "in_sample")]
    domain = ends([each for each in values if isinstance(each, float)])
    table = [{**row, "row": n} for n, row in enumerate(rows)]
    along = x("score", title, domain, ticks=ticks_for(lay.width))
    paint = alt.Color("ink:N", scale=None)
    for row in table:
        row["ink"] = colour("ink") if row["blend"] else colour("c0")
    sure = [row for row in table if row["low"] is not None]
    seen = [row for row in table if row["in_sample"] is not None]
    layers = [lay.room(), lay.stripes(), lay.labels()]
    if sure:
        bars = chart_of(sure).mark_rule(strokeWidth=3, opacity=0.45)
        layers.append(bars.encode(x=x("low", title, domain), x2="high:Q", y=lay.y(), color=paint))
    dots = chart_of(table).mark_point(filled=True, size=70, opacity=1)
    layers.append(dots.encode(x=along, y=lay.y(), color=paint))
    if seen:
        rings = chart_of(seen).mark_point(filled=False, size=80, strokeWidth=1.6, opacity=1)
        ring = x("in_sample", title, domain)
        layers.append(rings.encode(x=ring, y=lay.y(), color=alt.value(colour("bad"))))
        first = max(seen, key=lambda row: (row["name"] == "tuned", -int(str(row["row"]))))
        value = first["in_sample"]
        inner = isinstance(value, float) and value > (domain[0] + domain[1]) / 2
        note = chart_of([{**first, "told": "in-sample: flatters"}]).mark_text(
            align="right" if inner else "left", dx=7 if inner else -7, dy=-12, fontSize=11, color=colour("bad")
        )
        layers.append(note.encode(x=ring, y=lay.y(), text="told:N"))
    return finish(layers, width=lay.width, height=lay.height)


def draw_folds(
    names: Sequence[str],
    folds: Sequence[tuple[int, float]],
    whole: Sequence[float],
    today: Sequence[float | None],
    width: int,
) -> alt.Chart:
    """Draw the tuned weight of each fold as a dot, of all rows as a bar, and today's as a triangle, by pillar."""
    import altair as alt

    lay = make_rows(names, width, 30)
    kinds = ["each fold", "all rows", "today's"]
    rows = [{"row": row, "x": weight, "kind": kinds[0]} for row, weight in folds]
    rows += [{"row": n, "x": weight, "kind": kinds[1]} for n, weight in enumerate(whole)]
    rows += [{"row": n, "x": weight, "kind": kinds[2]} for n, weight in enumerate(today) if weight is not None]
    weights = [float(str(row["x"])) for row in rows]
    domain = (min(0.0, *weights), max(weights))
    bar = "M-0.2,-1.5h0.4v3h-0.4Z"
    shapes = alt.Scale(domain=kinds, range=["circle", bar, "triangle-down"])
    paints = alt.Scale(domain=kinds, range=[colour("c0"), colour("ink"), colour("c1")])
    marks = chart_of(rows).mark_point(filled=True, size=85, opacity=0.75)
    marks = marks.encode(
        x=x("x", "weight", domain, ticks=ticks_for(lay.width)),
        y=lay.y(),
        shape=alt.Shape("kind:N", scale=shapes),
        color=alt.Color("kind:N", scale=paints),
    )
    return finish([lay.room(), lay.stripes(), lay.labels(), marks], width=lay.width, height=lay.height)


def draw_changes(rows: Sequence[tuple[str, float, tuple[float, float] | None]], title: str, width: int) -> alt.Chart:
    """Draw by how much a score changes without each pillar, with its interval; the dashed line means no change."""
    import altair as alt

    lay = make_rows([name for name, *_ in rows], width, 28)
    domain = ends([0.0, *(each for _, change, reach in rows for each in (change, *(reach or ())))])
    table = [
        {"row": n, "x": change, "low": reach[0] if reach else change, "high": reach[1] if reach else change}
        for n, (_, change, reach) in enumerate(rows)
    ]
    zero = chart_of([{"zero": 0}]).mark_rule(strokeDash=[4, 3], color=colour("edge"))
    bars = chart_of(table).mark_rule(strokeWidth=3, opacity=0.45, color=colour("c0"))
    dots = chart_of(table).mark_point(filled=True, size=70, opacity=1, color=colour("c0"))
    along = x("x", title, domain, ticks=ticks_for(lay.width))
    return finish(
        [
            lay.room(),
            lay.stripes(),
            lay.labels(),
            zero.encode(x=alt.X("zero:Q", scale=alt.Scale(domain=list(domain), nice=False, zero=False))),
            bars.encode(x=x("low", title, domain), x2="high:Q", y=lay.y()),
            dots.encode(x=along, y=lay.y()),
        ],
        width=lay.width,
        height=lay.height,
    )
