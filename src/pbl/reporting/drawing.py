"""Turn charts into SVG: drawn by vl-convert, then rebuilt from the few elements and attributes that a picture needs.

The page, the cards and the picture files get their SVG from here; nothing of vl-convert's is used unchecked.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING, Any
from xml.etree import ElementTree as ET

from pbl.domain.wording import make_displayable
from pbl.reporting.theme import FONT, literal

if TYPE_CHECKING:
    import altair as alt

    from pbl.reporting.theme import Theme

_SVG = "http://www.w3.org/2000/svg"
_ELEMENTS = frozenset({"svg", "g", "path", "line", "rect", "text", "tspan", "circle"})
_ATTRIBUTES = frozenset(
    {
        *("d", "x", "y", "x1", "x2", "y1", "y2", "dx", "dy", "r", "width", "height", "viewBox", "transform", "fill"),
        *("stroke", "stroke-width", "stroke-dasharray", "stroke-linecap", "fill-opacity", "stroke-opacity", "opacity"),
        *("text-anchor", "font-size", "font-weight", "font-style"),
    }
)
_NUMBER = re.compile(r"-?[0-9]+\.[0-9]{2,}(?![0-9]*e)")
_PLAIN = {("opacity", "1"), ("stroke-opacity", "1"), ("fill-opacity", "1"), ("font-weight", "normal")}


def draw(chart: alt.Chart) -> ET.Element:
    """Return a chart as an SVG element that has only shapes and text."""
    import altair as alt
    import vl_convert

    version = ".".join(alt.SCHEMA_VERSION.lstrip("v").split(".")[:2])
    text = vl_convert.vegalite_to_svg(json.dumps(clean(chart.to_dict())), vl_version=version)
    root = _rebuild(ET.fromstring(text))  # noqa: S314 - made in this process
    if root is None:
        raise ValueError("an empty picture")
    for name in ("width", "height"):
        root.set(name, str(root.get(name)))
    return root


def clean(value: Any) -> Any:  # noqa: ANN401 - a chart as JSON knows it
    """Return a chart in which every text is displayable, and no number is infinite, which can't be drawn."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, str):
        return make_displayable(value)
    if isinstance(value, dict):
        return {key: clean(each) for key, each in value.items()}
    return [clean(each) for each in value] if isinstance(value, list) else value


def finish(root: ET.Element, name: str, title: str, description: str) -> str:
    """Return an SVG as text with its title and description; `name` is generated, for the ids in it."""
    described, titled = ET.Element("desc", {"id": f"{name}-d"}), ET.Element("title", {"id": f"{name}-t"})
    described.text, titled.text = make_displayable(description), make_displayable(title)
    made = ET.Element("svg", {"xmlns": _SVG, **root.attrib, "role": "img", "aria-labelledby": f"{name}-t {name}-d"})
    made.extend([titled, described, *root])
    return ET.tostring(made, encoding="unicode", short_empty_elements=True)


def as_file(svg: str, theme: Theme) -> str:
    """Return a picture for a file, with the colours of a theme and a background."""
    head, rest = svg.split(">", 1)
    end = rest.index("</desc>") + len("</desc>")
    ground = '<rect width="100%" height="100%" fill="var(--bg)"/>'
    return literal(f'{head} font-family="{FONT}">{rest[:end]}{ground}{rest[end:]}', theme)


def as_png(svg: str) -> bytes:
    """Return a picture's text as PNG, two dots for each pixel."""
    import vl_convert

    return bytes(vl_convert.svg_to_png(svg, scale=2))


def _rebuild(element: ET.Element) -> ET.Element | None:
    tag = element.tag.rpartition("}")[2]
    if tag not in _ELEMENTS or element.get("display") == "none":
        return None
    made = ET.Element(tag, _attributes(element.attrib))
    if element.text and tag in {"text", "tspan"}:
        made.text = element.text
    for child in map(_rebuild, element):
        if child is not None and not _is_empty(child):
            _append(made, child)
    if tag == "g" and not made.attrib and len(made) == 1:
        return made[0]
    return made


def _attributes(given: dict[str, Any]) -> dict[str, str]:
    found = {
        name: _NUMBER.sub(lambda m: f"{float(m[0]):.1f}", value)
        for name, value in given.items()
        if name in _ATTRIBUTES and (name, value) not in _PLAIN
    }
    if "font-size" in found:
        found["font-size"] = found["font-size"].removesuffix("px")
    if found.get("transform") == "translate(0,0)":
        del found["transform"]
    return found


def _is_empty(element: ET.Element) -> bool:
    if element.tag == "path":
        drawn = element.get("d", "") not in {"", "M0,0h0v0h0Z"}
        seen = any(element.get(name, "none") not in {"none", "transparent"} for name in ("fill", "stroke"))
        return not (drawn and seen)
    if element.tag == "rect":
        return element.get("fill") == "transparent"
    return element.tag == "g" and not len(element)


def _append(parent: ET.Element, child: ET.Element) -> None:
    """Append an element, or join it to the one before if both are paths that look the same."""
    last = parent[-1] if len(parent) else None
    if last is not None and last.tag == child.tag == "path" and "fill-opacity" not in child.attrib:
        mine, its = ({k: v for k, v in each.attrib.items() if k != "d"} for each in (child, last))
        if mine == its and "transform" not in mine and "opacity" not in mine:
            last.set("d", last.get("d", "") + child.get("d", ""))
            return
    parent.append(child)
