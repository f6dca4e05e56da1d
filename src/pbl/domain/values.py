"""Numbers and moments as text: their form and their value.

The readers, `pbl.toml` and the flags all use these.
"""

from __future__ import annotations

import math
import re
from datetime import UTC, datetime
from typing import Any

from pbl.domain.errors import UsageError

NUMBER = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
"""The form of a number everywhere in pbl: a whole-cell regular expression; its value must also be finite."""


_DECIMAL = re.compile(NUMBER)


def decimal(cell: str) -> float | None:
    """Return the finite number of a cell, None if the cell isn't one."""
    if not _DECIMAL.fullmatch(cell):
        return None
    value = float(cell)
    return value if abs(value) != float("inf") else None


def finite(value: Any) -> Any:  # noqa: ANN401 - as JSON knows it
    """Return a JSON value with None in place of each number that is infinite or NaN."""
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {str(key): finite(each) for key, each in value.items()}
    return [finite(each) for each in value] if isinstance(value, list | tuple) else value


def moment(text: str) -> datetime | None:
    """Return the moment of an ISO text, in UTC if it names no zone; None if the text isn't one."""
    try:
        at = datetime.fromisoformat(text.strip())
    except ValueError:
        return None
    try:
        return at.replace(tzinfo=UTC) if at.tzinfo is None else at.astimezone(UTC)
    except (OverflowError, ValueError):
        return None


def stamp(at: datetime) -> str:
    """Return a moment as text, in the form of logs."""
    return f"{at:%Y-%m-%dT%H:%M:%S}{f'.{at.microsecond:06}' if at.microsecond else ''}Z"


def number(text: str, what: str) -> float:
    """Return the finite number that the user typed; raise UsageError that names `what` it is for."""
    value = float(text) if _DECIMAL.fullmatch(text) else math.nan
    if not math.isfinite(value):
        raise UsageError(f"{what}: {text!r} is not a finite decimal number")
    return value
