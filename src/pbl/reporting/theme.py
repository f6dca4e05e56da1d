"""The look of charts: one font, quiet axes, and colours by name, so that one picture serves a light and a dark page.

All modules of `charts` use it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping

Theme = Literal["light", "dark"]
THEMES: tuple[Theme, ...] = ("light", "dark")
FONT = "system-ui, -apple-system, 'Segoe UI', Roboto, 'Liberation Sans', Arial, sans-serif"
COLOURS: Mapping[Theme, Mapping[str, str]] = {
    "light": {
        "bg": "#ffffff",
        "ink": "#1c2127",
        "soft": "#525c69",
        "line": "#e3e7ec",
        "edge": "#9aa5b1",
        "c0": "#0067a5",
        "c1": "#c04a00",
        "c2": "#0a7a53",
        "c3": "#8a4397",
        "h0": "#b2560d",
        "h1": "#f6dcc3",
        "h2": "#f3f5f7",
        "h3": "#d9e8f5",
        "h4": "#a8cbe8",
        "h5": "#5c9bd1",
        "h6": "#14548c",
        "t0": "#ffffff",
        "t1": "#1c2127",
        "t6": "#ffffff",
        "good": "#0a7a53",
        "bad": "#b42318",
        "good-bg": "#e4f4ec",
        "bad-bg": "#fdeceb",
        "panel": "#f6f8fa",
        "link": "#0a5a9c",
    },
    "dark": {
        "bg": "#12161b",
        "ink": "#e8ecf1",
        "soft": "#a9b4c0",
        "line": "#2b333c",
        "edge": "#66727f",
        "c0": "#62b5ec",
        "c1": "#f59a55",
        "c2": "#3fca98",
        "c3": "#d49be0",
        "h0": "#d98a45",
        "h1": "#4a3626",
        "h2": "#1d242c",
        "h3": "#1f3447",
        "h4": "#285378",
        "h5": "#3c7fb8",
        "h6": "#8cc7f2",
        "t0": "#12161b",
        "t1": "#e8ecf1",
        "t6": "#12161b",
        "good": "#3fca98",
        "bad": "#ff8f85",
        "good-bg": "#12302a",
        "bad-bg": "#3a1f1f",
        "panel": "#1a2027",
        "link": "#7cc0f5",
    },
}
"""Colours by name; h0 to h6 are the steps of a heat map, from unlike to alike, t0, t1, t6 the text on them."""
SERIES = 4
"""So many colours can be told apart by colour-blind readers; further pillars have another shape."""
SHAPES = ("circle", "square", "diamond", "triangle-up", "cross", "triangle-down", "triangle-right", "triangle-left")


def colour(name: str) -> str:
    """Return a colour for a picture of the page: the page's style resolves it."""
    return f"var(--{name})"


def series_colour(place: int) -> str:
    """Return the colour of the pillar at a place."""
    return colour(f"c{place % SERIES}")


def series_shape(place: int) -> str:
    """Return the shape of the pillar at a place."""
    return SHAPES[place // SERIES % len(SHAPES)]


def literal(text: str, theme: Theme) -> str:
    """Return a picture's text with the colours of a theme written out."""
    for name, value in COLOURS[theme].items():
        text = text.replace(f"var(--{name})", value)
    return text


def heat(value: float) -> tuple[str, str]:
    """Return the colours of a correlation's cell and of the text on it."""
    steps = ((0.0, "h0"), (0.2, "h1"), (0.4, "h2"), (0.6, "h3"), (0.8, "h4"), (0.95, "h5"))
    name = next((step for bound, step in steps if value < bound), "h6")
    return colour(name), colour({"h0": "t0", "h6": "t6"}.get(name, "t1"))


def config() -> dict[str, Any]:
    """Return Vega-Lite's settings."""
    soft, line, ink = colour("soft"), colour("line"), colour("ink")
    return {
        "background": "transparent",
        "font": FONT,
        "padding": 6,
        "view": {"stroke": None},
        "axis": {
            "labelColor": soft,
            "titleColor": soft,
            "gridColor": line,
            "domainColor": line,
            "tickColor": line,
            "labelFontSize": 12,
            "titleFontSize": 12,
            "titleFontWeight": "normal",
            "labelLimit": 150,
            "titlePadding": 8,
            "labelPadding": 5,
            "domain": False,
            "ticks": False,
            "labelOverlap": True,
        },
        "axisY": {"grid": False},
        "legend": {
            "labelColor": ink,
            "titleColor": soft,
            "labelFontSize": 12,
            "orient": "top",
            "title": None,
            "symbolSize": 70,
            "labelLimit": 150,
            "symbolStrokeWidth": 2,
            "offset": 4,
            "padding": 0,
        },
        "title": {"color": ink, "fontSize": 13, "fontWeight": 600, "anchor": "start", "offset": 6},
        "text": {"color": ink, "fontSize": 12},
    }
