"""Turn sections into the page: one file, no request, no script but ours; text from outside is escaped in one place.

The last step before a report is saved; the content of the page is fixed before.
"""

from __future__ import annotations

import base64
import hashlib
import re
from dataclasses import dataclass
from importlib.resources import files
from shlex import join
from typing import TYPE_CHECKING

from pbl.domain.wording import make_displayable, numeral
from pbl.reporting.charts.rows import NARROW, WIDE
from pbl.reporting.drawing import draw, finish
from pbl.reporting.sections import Link, Table
from pbl.reporting.theme import COLOURS, FONT

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from markupsafe import Markup

    from pbl.reporting.sections import NotShown, Origin, Picture, Section
    from pbl.reporting.theme import Theme

HEADINGS: Mapping[str, str] = {
    "verdict": "Is everything fine?",
    "blend": "What is in the blend?",
    "scores": "How good is each, and how sure is that?",
    "folds": "Do the weights hold from fold to fold?",
    "predictions": "What do the predictions look like?",
    "correlation": "How alike are the pillars?",
    "disagreements": "Where do they disagree most?",
    "clipping": "What did clipping change?",
    "leave_one_out": "What if one pillar were left out?",
    "residuals": "Is the blend right on average?",
    "history": "Does the leaderboard agree with CV?",
    "runs": "The runs",
}
_FITS = 0.8
"""A wide picture that fills so much of its width is stretched to the page; a heat map of few pillars isn't."""
_HASH = re.compile(r"[0-9a-f]{64}")


@dataclass(frozen=True, kw_only=True)
class Words:
    """The head of a page."""

    title: str
    verdict: str
    failed: bool
    numbers: Sequence[tuple[str, str, str]]


@dataclass(frozen=True, kw_only=True)
class _Drawn:
    title: str
    kind: str
    svg: Markup


@dataclass(frozen=True, kw_only=True)
class _Part:
    section: Section
    pictures: tuple[_Drawn, ...]


def render(
    words: Words,
    sections: Sequence[Section],
    not_shown: Sequence[NotShown],
    origin: Origin,
    theme: Theme | None,
) -> str:
    """Return the page."""
    from jinja2 import Environment

    folder = files(__package__).joinpath("page")
    style, script = (
        _style(folder.joinpath("page.css").read_text("utf-8")),
        folder.joinpath("page.js").read_text("utf-8"),
    )
    door = Environment(
        autoescape=True,
        finalize=lambda value: make_displayable(value) if type(value) is str else value,
        trim_blocks=False,
        keep_trailing_newline=True,
    )
    door.tests |= {
        "link": lambda value: isinstance(value, Link),
        "hash": lambda value: bool(_HASH.fullmatch(value)),
    }
    from markupsafe import Markup

    policy = (
        f"default-src 'none'; style-src 'sha256-{_digest(style)}'; script-src 'sha256-{_digest(script)}'; "
        "img-src data:; base-uri 'none'; form-action 'none'"
    )
    inputs = Table(caption="The files it was made from", columns=("file", "sha256"), rows=origin.inputs)
    return door.from_string(folder.joinpath("page.html.j2").read_text("utf-8")).render(
        title=words.title,
        verdict=words.verdict,
        failed=words.failed,
        numbers=words.numbers,
        parts=[_Part(section=each, pictures=tuple(map(_draw, each.pictures))) for each in sections],
        not_shown=not_shown,
        headings=HEADINGS,
        origin=origin,
        inputs=inputs,
        command=join(["pbl", "report", *map(make_displayable, origin.command)]),
        number=numeral,
        theme=theme or "auto",
        policy=Markup(policy),  # noqa: S704 - made here
        style=Markup(style),  # noqa: S704 - ours
        script=Markup(script),  # noqa: S704 - ours
    )


def picture_of(picture: Picture, width: int, *, titled: bool = False) -> str:
    """Return a picture as SVG text of a width; a `titled` one has its title in it."""
    chart = picture.draw(width)
    chart = chart.properties(title=picture.title) if titled else chart
    return finish(draw(chart), f"p-{picture.name}-{width}", picture.title, picture.description)


def _draw(picture: Picture) -> _Drawn:
    from markupsafe import Markup

    widths = (WIDE, NARROW) if picture.small is None else (picture.small,)
    svgs = [picture_of(picture, width) for width in widths]
    kind = "small" if picture.small is not None else "large fit" if _width(svgs[0]) > WIDE * _FITS else "large"
    return _Drawn(title=picture.title, kind=kind, svg=Markup("".join(svgs)))  # noqa: S704 - rebuilt by `drawing`


def _width(svg: str) -> float:
    found = re.search(r' width="([0-9.]+)"', svg)
    return float(found[1]) if found else 0.0


def _style(text: str) -> str:
    """Return the style with its font, and the colours for a light page, a dark one, and print."""
    sets = {
        name: f"color-scheme:{name};" + "".join(f"--{key}:{value};" for key, value in colours.items())
        for name, colours in COLOURS.items()
    }
    schemes = (
        f":root{{{sets['light']}}}@media(prefers-color-scheme:dark){{:root{{{sets['dark']}}}}}"
        f":root:has(#theme-light:checked){{{sets['light']}}}:root:has(#theme-dark:checked){{{sets['dark']}}}"
        f"@media print{{:root,:root:has(input:checked){{{sets['light']}}}}}"
    )
    return text.replace("FONT", FONT).replace(":root{color-scheme:light dark}", schemes, 1).replace("\n", "")


def _digest(text: str) -> str:
    return base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()
