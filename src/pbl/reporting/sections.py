"""The parts of a page: sections with an answer, pictures and tables, and sections that are not shown, with the reason.

The modules `of_*` make them of the material; the page, the JSON and the picture files are made of them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import altair as alt

SECTIONS = (
    *("verdict", "blend", "scores", "folds", "predictions", "correlation", "disagreements", "clipping"),
    *("leave_one_out", "residuals", "history", "runs"),
)


class Link(NamedTuple):
    """Text that leads to another place of the page."""

    text: str
    anchor: str


Cell = str | float | Link | None


@dataclass(frozen=True, kw_only=True)
class Table:
    """The numbers of a picture; links may lead to a row with an anchor."""

    caption: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Cell, ...], ...]
    anchors: tuple[str, ...] = ()
    sortable: bool = False
    open: bool = False
    """Whether it is open from the start, and not folded under its caption."""

    def numeric(self, column: int) -> bool:
        """Say whether a column has only numbers."""
        cells = [row[column] for row in self.rows]
        return any(isinstance(c, int | float) for c in cells) and all(
            c is None or isinstance(c, int | float) for c in cells
        )

    def anchor(self, row: int) -> str:
        """Return the anchor of a row, empty if it has none."""
        return self.anchors[row] if self.anchors else ""


@dataclass(frozen=True, kw_only=True)
class Picture:
    """A chart with its texts; `draw` makes it for a width. A small one has one width, others also one for a phone."""

    name: str
    title: str
    description: str
    draw: Callable[[int], alt.Chart]
    small: int | None = None
    """The one width of a small picture."""


@dataclass(frozen=True, kw_only=True)
class Section:
    """One question, its answer, and the pictures and tables that show it."""

    name: str
    heading: str
    answer: str
    data: Mapping[str, Any]
    """All numbers in the public form."""
    pictures: tuple[Picture, ...] = ()
    links: tuple[Link, ...] = ()
    """The names in the pictures, each a link to its place."""
    tables: tuple[Table, ...] = ()
    notes: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class NotShown:
    """A section without its data, and the command or flag that brings it."""

    section: str
    why: str
    hint: str

    def to_json(self) -> dict[str, str]:
        """Return the public form."""
        return {"section": self.section, "why": self.why, "hint": self.hint}


@dataclass(frozen=True, kw_only=True)
class Origin:
    """How a page was made: words of its command, pbl's version, and the hash of every input."""

    command: tuple[str, ...]
    version: str
    inputs: tuple[tuple[str, str], ...] = field(default=())
