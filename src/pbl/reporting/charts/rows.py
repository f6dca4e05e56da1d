"""The common parts of charts with a row for each pillar: names to the left, one scale, room for both on a phone.

`history`, `numbers` and `weighing` draw with it.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.reporting.theme import colour, config, series_colour, series_shape

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import altair as alt

WIDE, NARROW = 720, 330
_LETTER = 7.6
"""The width of a letter in the widest of the fonts that a reader may have."""
_DRAWN = 0.88
"""The part of that at which the engine, which measures in a narrower font, cuts a name."""
_GAP = 10
_MARGIN = 16
_SHORT = 14
_BESIDE = 40
"""By how much an axis' title may be longer than the axis."""
_LARGEST = 1.7e308
_ABOVE = 18


@dataclass(frozen=True, kw_only=True)
class Rows:
    """Rows with a name each, the first on top; `width` and `height` are the plot's own."""

    names: tuple[str, ...]
    left: float
    width: float
    step: int
    above: bool = False
    """Whether the names stand above their rows: long ones would leave no room on a phone."""

    @property
    def height(self) -> int:
        """Return the plot's height."""
        return self.step * max(1, len(self.names))

    def y(self, name: str = "row") -> alt.Y:
        """Return the encoding of a row's place."""
        import altair as alt

        return alt.Y(
            f"{name}:Q", axis=None, scale=alt.Scale(domain=[len(self.names) - 0.5, -0.5], nice=False, zero=False)
        )

    def labels(self) -> alt.Chart:
        """Return the names."""
        import altair as alt

        marks = chart_of([{"row": n, "name": name} for n, name in enumerate(self.names)])
        limit = _DRAWN * (self.width if self.above else self.left)
        if self.above:
            text = marks.mark_text(align="left", baseline="middle", limit=limit, fontSize=12, dy=-_ABOVE)
            above: alt.Chart = text.encode(x=alt.value(0), y=self.y(), text="name:N")
            return above
        text = marks.mark_text(align="right", baseline="middle", limit=limit, fontSize=12)
        beside: alt.Chart = text.encode(x=alt.value(-_GAP), y=self.y(), text="name:N")
        return beside

    def room(self) -> alt.Chart:
        """Return invisible lines as long as names may be: the reader's font may be wider than the engine's."""
        import altair as alt

        marks = chart_of([{"row": n} for n in range(len(self.names))]).mark_rule(color="transparent")
        left = 0 if self.above else -(self.left + _GAP)
        made: alt.Chart = marks.encode(x=alt.value(left), x2=alt.value(0), y=self.y())
        return made

    def stripes(self) -> alt.Chart:
        """Return a thin line along each row."""
        marks = chart_of([{"row": n} for n in range(len(self.names))]).mark_rule(color=colour("line"))
        made: alt.Chart = marks.encode(y=self.y())
        return made


def make_rows(names: Sequence[str], width: int, step: int = 26) -> Rows:
    """Lay out rows in a picture of a width."""
    longest = max((len(name) for name in names), default=0)
    if width <= NARROW and longest > _SHORT:
        return Rows(names=tuple(names), left=0, width=width - 2 * _MARGIN, step=step + _ABOVE, above=True)
    left = min(0.36 * width, _LETTER * max(longest, 1))
    return Rows(names=tuple(names), left=left, width=width - left - _GAP - 2 * _MARGIN, step=step)


def chart_of(rows: Iterable[dict[str, Any]]) -> alt.Chart:
    """Return a chart of rows, with the data in the chart: no file, no address."""
    import altair as alt

    return alt.Chart(alt.InlineData(values=list(rows)))


def finish(
    layers: Sequence[alt.Chart],
    *,
    width: float,
    height: float,
    title: str | None = None,
    independent: bool = False,
) -> alt.Chart:
    """Return layers as one chart of a size in our theme; `independent` ones don't share the scale along x."""
    import altair as alt

    made = alt.layer(*layers).properties(width=round(width), height=round(height))
    if independent:
        made = made.resolve_scale(x="independent")
    if title is not None:
        made = made.properties(title=title)
    chart: alt.Chart = made.configure(**config(), axisX={"titleLimit": round(width) + _BESIDE})
    return chart


def x(field: str, title: str | None, domain: tuple[float, float], *, ticks: int | None = None) -> alt.X:
    """Return the encoding of a number along a row."""
    import altair as alt

    axis = alt.Axis(title=title) if ticks is None else alt.Axis(title=title, tickCount=ticks)
    return alt.X(f"{field}:Q", axis=axis, scale=alt.Scale(domain=list(domain), nice=False, zero=False))


def ends(values: Iterable[float | None], *, share: float = 0.05) -> tuple[float, float]:
    """Return the ends of a scale that holds the values, with a little room beside them."""
    known = [each for each in values if each is not None and math.isfinite(each)]
    if not known:
        return (0.0, 1.0)
    low, high = min(known), max(known)
    room = (high / 2 - low / 2) * 2 * share
    if not room > 0:
        room = abs(high) * share or 1.0
    return (max(low - room, -_LARGEST), min(high + room, _LARGEST))


def ticks_for(width: float) -> int:
    """Return the number of labels for which an axis of a width has room."""
    return max(2, min(7, int(width // 70)))


def looks(count: int) -> dict[str, list[str]]:
    """Return the colours and shapes of so many pillars."""
    return {"colours": [series_colour(n) for n in range(count)], "shapes": [series_shape(n) for n in range(count)]}
