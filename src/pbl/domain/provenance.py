"""The provenance of a submission: when, with which version and by which command it was made.

Recipes hold it. `cli` and `api` make it, as only they know the clock and the command line.
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
