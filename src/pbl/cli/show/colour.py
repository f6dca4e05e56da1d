"""Colours of a terminal, where they are wanted.

A pipe, a file, NO_COLOR and TERM=dumb get plain text.
"""

from __future__ import annotations

import os
from enum import StrEnum
from typing import IO


class Colour(StrEnum):
    """What a colour stands for."""

    BAD = "31"
    DOUBTFUL = "33"
    GOOD = "32"
    NOTE = "36"


def takes_colour(stream: IO[str]) -> bool:
    """Say whether a stream is a terminal whose user wants colours."""
    return stream.isatty() and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def paint(text: str, colour: Colour, *, on: bool) -> str:
    """Return text in a colour, or as it is."""
    return f"\x1b[{colour}m{text}\x1b[0m" if on and text else text
