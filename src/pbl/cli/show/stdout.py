"""Write to standard output: data, and nothing else.

The last step of every command. No other module of pbl writes there.
"""

from __future__ import annotations

import json
import os
import sys
from typing import Any

from pbl.cli.show.colour import takes_colour
from pbl.domain.wording import restore_utf8


def write(text: str) -> None:
    """Write text and a line end, at once."""
    sys.stdout.write(text + "\n")
    sys.stdout.flush()


def write_json(table: dict[str, Any]) -> None:
    """Write one JSON object."""
    write(json.dumps(restore_utf8(table), indent=2, allow_nan=False))


def has_colours() -> bool:
    """Say whether colours are wanted there."""
    return takes_colour(sys.stdout)


def mute() -> None:
    """Discard output that is not written yet: the reader has gone, or there is no room."""
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
