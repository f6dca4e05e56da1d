"""Who makes a submission: it goes into the recipe.

`cli` and `api` make it, as they alone know the clock and the command line.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Provenance:
    """When a submission is made (in UTC), by which version of pbl and by which command."""

    now: datetime
    version: str
    command: tuple[str, ...] = ()
