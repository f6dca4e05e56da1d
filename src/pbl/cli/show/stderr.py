"""Write to standard error: messages for a person.

No other module of pbl writes there, except for the progress line and the process's last message.
"""

from __future__ import annotations

import os
import sys
from contextlib import suppress

from pbl.cli.show.colour import takes_colour


def write(text: str) -> None:
    """Write text and a line end; the work goes on if nobody reads it or there is no room."""
    try:
        sys.stderr.write(text + "\n")
        sys.stderr.flush()
    except OSError:
        with suppress(OSError):
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stderr.fileno())


def has_colours() -> bool:
    """Say whether colours are wanted there."""
    return takes_colour(sys.stderr)
