"""Who made a submission, when and by which command."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from datetime import datetime


@dataclass(frozen=True, kw_only=True)
class Maker:
    """Who makes the submission, when and by which command; it goes into the recipe."""

    now: datetime
    version: str
    command: tuple[str, ...] = ()
