"""Scale numbers near the largest or the smallest double, so that their squares are finite and not 0.

`compare`, its pairs, the report and the metrics multiply by a power of two, which changes no digit, and divide the
answer by it.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

_SAFE = 300
"""Squares of numbers up to this power of two, however many, sum up to a double."""
_MOST = 1000
"""Such a power of two, and its inverse, are normal doubles."""


def power_for(largest: float) -> float:
    """Return the power of two to multiply numbers of this absolute size at most by; 1 for ordinary ones."""
    if not largest:
        return 1.0
    exponent = math.frexp(largest)[1] if math.isfinite(largest) else _MOST
    return 1.0 if abs(exponent) <= _SAFE else math.ldexp(1.0, max(-_MOST, min(_MOST, -exponent)))


def root_mean_square(ask: Callable[[float], tuple[float, float]]) -> tuple[float, float]:
    """Return the root of a mean square, and the largest number, infinite if it is none.

    `ask` returns the mean square and the largest of the numbers, all multiplied by what it is given.
    """
    square, largest = ask(1.0)
    size = power_for(largest)
    if size != 1.0:
        square, largest = ask(size)
    return math.sqrt(square) / size, largest / size
