"""A small HTML card of a result for a notebook: its text, numbers, and pictures as data; no script, no style.

Results of several rooms show one. JupyterLab removes anything more from a notebook that isn't trusted.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.wording import make_displayable, numeral

if TYPE_CHECKING:
    from collections.abc import Sequence

_LONGEST = 160
_MOST = 12


def make_card(
    title: str,
    said: str,
    numbers: Sequence[tuple[str, str | float | None]] = (),
    pictures: Sequence[tuple[str, str]] = (),
) -> str:
    """Return a card as HTML; `pictures` are pairs of an image's base64 text (SVG) and what it shows in words."""
    rows = "".join(
        f"<tr><th scope='row'>{_text(name)}</th><td>{_text(each if isinstance(each, str) else numeral(each))}</td></tr>"
        for name, each in numbers[:_MOST]
    )
    more = f"<p>and {len(numbers) - _MOST:,} more</p>" if len(numbers) > _MOST else ""
    images = "".join(f'<img src="data:image/svg+xml;base64,{data}" alt="{_text(alt, 600)}">' for data, alt in pictures)
    table = f"<table><tbody>{rows}</tbody></table>{more}" if rows else ""
    return f"<div><strong>{_text(title)}</strong><p>{_text(said, 400)}</p>{table}{images}</div>"


def _text(value: str, longest: int = _LONGEST) -> str:
    from html import escape  # noqa: PLC0415 - commands make no card, and need not load it

    shown = make_displayable(value)
    return escape(shown if len(shown) <= longest else f"{shown[: longest - 1]}\u2026")
