"""Charts of the truth and the leaderboard: residuals, CV against public score, the gap over time.

The sections of `of_scores` and `of_runs` show them.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

from pbl.reporting.charts.rows import NARROW, chart_of, ends, finish, ticks_for, x
from pbl.reporting.theme import colour

if TYPE_CHECKING:
    from collections.abc import Sequence

    import altair as alt

    from pbl.weights.residual_tenths import Tenths

_LETTER, _LINE = 6.4, 13


def draw_tenths(found: Tenths, width: int) -> alt.Chart:
    """Draw each tenth's mean residual, or rate, with its interval; on the dashed line the blend is right."""
    import altair as alt

    plot, height = width - 76, 220 if width > NARROW else 190
    key = "truth" if found.probabilities else "residual"
    rows = [
        {
            "x": each.prediction,
            "y": each.truth if found.probabilities else each.residual,
            "low": each.interval[0] if each.interval else None,
            "high": each.interval[1] if each.interval else None,
        }
        for each in found.tenths
    ]
    across = (0.0, 1.0) if found.probabilities else ends([row["x"] for row in rows])
    up = (0.0, 1.0) if found.probabilities else ends([0.0, *(row[k] for row in rows for k in ("y", "low", "high"))])
    title = "share that is 1" if key == "truth" else "truth \u2212 prediction"
    scale = alt.Scale(domain=list(up), nice=False, zero=False)

    def tall(name: str) -> alt.Y:
        return alt.Y(f"{name}:Q", title=title, scale=scale, axis=alt.Axis(tickCount=5, grid=True))

    along = x("x", "mean prediction of a tenth of the rows", across, ticks=ticks_for(plot))
    right = [{"x": across[0], "y": 0.0}, {"x": across[1], "y": 0.0}]
    if found.probabilities:
        right = [{"x": 0.0, "y": 0.0}, {"x": 1.0, "y": 1.0}]
    line = chart_of(right).mark_line(strokeDash=[4, 3], color=colour("edge"), strokeWidth=1.5)
    layers = [line.encode(x=along, y=tall("y"))]
    sure = [row for row in rows if row["low"] is not None]
    if sure:
        bars = chart_of(sure).mark_rule(strokeWidth=3, opacity=0.45, color=colour("c0"))
        layers.append(bars.encode(x=along, y=tall("low"), y2="high:Q"))
    dots = chart_of(rows).mark_point(filled=True, size=60, opacity=1, color=colour("c0"))
    layers.append(dots.encode(x=along, y=tall("y")))
    return finish(layers, width=plot, height=height)


def draw_cv_public(runs: Sequence[tuple[float, float, str]], width: int) -> alt.Chart:
    """Draw CV against public score: (cv, public, label) for each run; labels that would overlap are left out."""
    import altair as alt

    plot, height = width - 76, 320 if width > NARROW else 260
    across, up = ends([cv for cv, *_ in runs], share=0.12), ends([public for _, public, *_ in runs], share=0.12)
    rows = [{"x": cv, "y": public, "label": ""} for cv, public, _ in runs]
    places = [
        (
            (cv - across[0]) / (across[1] - across[0]) * plot,
            height - (public - up[0]) / (up[1] - up[0]) * height,
        )
        for cv, public, *_ in runs
    ]
    taken = [(px - 5, py - 5, px + 5, py + 5) for px, py in places]
    for n, (_, _, label) in enumerate(runs):
        px, py = places[n]
        long = _LETTER * len(label)
        for left, align in ((px + 7, "left"), (px - 7 - long, "right")):
            box = (left, py - _LINE / 2, left + long, py + _LINE / 2)
            inside = box[0] >= 0 and box[2] <= plot + 8
            clear = all(not _do_meet(box, other) for m, other in enumerate(taken) if m != n)
            if inside and clear and label:
                rows[n] |= {"label": label, "align": align}
                taken.append(box)
                break
    scale = alt.Scale(domain=list(up), nice=False, zero=False)
    along = x("x", "CV", across, ticks=ticks_for(plot))
    tall = alt.Y("y:Q", title="public score", scale=scale, axis=alt.Axis(tickCount=5, grid=True))
    dots = chart_of(rows).mark_point(filled=True, size=60, opacity=0.85, color=colour("c0"))
    layers = [dots.encode(x=along, y=tall)]
    sides: tuple[tuple[Literal["left", "right"], int], ...] = (("left", 7), ("right", -7))
    for align, shift in sides:
        named = [row for row in rows if row.get("align") == align]
        if named:
            text = chart_of(named).mark_text(align=align, dx=shift, fontSize=11, color=colour("soft"))
            layers.append(text.encode(x=along, y=tall, text="label:N"))
    return finish(layers, width=plot, height=height)


def draw_gaps(runs: Sequence[tuple[float | None, float | None]], width: int) -> alt.Chart:
    """Draw the gaps of runs in the order they were logged: (CV less public, CV less private)."""
    import altair as alt

    plot, height = width - 76, 180
    up = ends([0.0, *(each for run in runs for each in run)])
    across = (0.5, len(runs) + 0.5)
    scale = alt.Scale(domain=list(up), nice=False, zero=False)
    tall = alt.Y("y:Q", title="CV \u2212 score", scale=scale, axis=alt.Axis(tickCount=5, grid=True))
    along = alt.X(
        "x:Q",
        title="runs, the oldest first",
        scale=alt.Scale(domain=list(across), nice=False, zero=False),
        axis=alt.Axis(tickCount=min(len(runs), ticks_for(plot)), grid=False, format="d", tickMinStep=1),
    )
    kinds = ["public", "private"]
    rows = [
        {"x": n + 1, "y": value, "kind": kinds[k]}
        for n, run in enumerate(runs)
        for k, value in enumerate(run)
        if value is not None
    ]
    zero = chart_of([{"y": 0.0}]).mark_rule(strokeDash=[4, 3], color=colour("edge"), strokeWidth=1.5)
    paint = alt.Color("kind:N", scale=alt.Scale(domain=kinds, range=[colour("c0"), colour("c1")]))
    fill = alt.Fill("kind:N", scale=alt.Scale(domain=kinds, range=[colour("c0"), "transparent"]))
    dots = chart_of(rows).mark_point(size=60, opacity=1, strokeWidth=1.8)
    marks = dots.encode(x=along, y=tall, color=paint, fill=fill)
    return finish([zero.encode(y=alt.Y("y:Q", scale=scale)), marks], width=plot, height=height)


def _do_meet(one: tuple[float, ...], other: tuple[float, ...]) -> bool:
    return one[0] < other[2] and other[0] < one[2] and one[1] < other[3] and other[1] < one[3]
