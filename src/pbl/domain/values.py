"""Numbers and moments as text: what a cell must look like, and its value.

The readers, `pbl.toml` and the flags use the same ones.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from pbl.domain.errors import UsageError

NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""What a number is, everywhere in pbl: a whole-cell regular expression; a finite value is asked for besides."""


_DECIMAL = re.compile(NUMBER)


def decimal(cell: str) -> float | None:
    """Return the finite number of a cell, None if it is none."""
    if not _DECIMAL.fullmatch(cell):
        return None
    value = float(cell)
    return value if abs(value) != float("inf") else None


def finite(value: Any) -> Any:  # noqa: ANN401 - as JSON knows it
    """Return a value in which no number is infinite or none: there is null instead."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value


def moment(text: str) -> datetime | None:
    """Return the moment of an ISO text, UTC where it names no zone; None if it is none."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def stamp(at: datetime) -> str:
    """Return a moment as logs have it."""
    return f"{at:%Y-%m-%dT%H:%M:%S}{f'.{at.microsecond:06}' if at.microsecond else ''}Z"


def number(text: str, what: str) -> float:
    """Return the finite number that the user typed; raise UsageError naming `what` it was for."""
    value = float(text) if _DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise UsageError(f"{what}: {text!r} is not a finite decimal number")
    return value
