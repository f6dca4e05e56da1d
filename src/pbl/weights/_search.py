"""Search weights for a metric that has no exact solver: never behind the usual ways on the same rows.

Below `_fit`, which hands in the evaluation. Every loop is bounded by the number of pillars, never by a clock.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]


@dataclass(frozen=True, kw_only=True)
class Effort:
    """How far to search; `greedy` 0 leaves greedy selection and the hill climb out."""

    greedy: int = 100
    shares: int = 50
    """Shares of the hill climb, evenly up to 0.5; 0 leaves it out."""
    again: bool = True
    """Whether to climb a second time, with pillars that may be mixed in again."""
    finest: float = 0.0025
    """The smallest exchange."""
    starts: int = 3
    """How many of the found weights are polished by exchanges, best first."""


FULL = Effort()
FOLD = Effort(again=False)
LIGHT = Effort(greedy=0, starts=1, finest=0.01)
"""For leaving a pillar out, from the tuned weights of the others."""
DEAR = Effort(starts=1)
"""Where an evaluation runs a metric file."""
DEAR_FOLD = Effort(greedy=25, shares=0, finest=0.04, starts=1)
DEAR_LIGHT = Effort(greedy=0, starts=0)

_COARSEST = 0.16
_EXCHANGES = 60
_CLIMBS = 40
"""At most so many steps of a hill climb that may repeat pillars."""
_SAME = 1e-9


def search(loss: Callable[[Floats], Floats], pillars: int, starts: Sequence[Floats], effort: Effort = FULL) -> Floats:
    """Return the weights of least loss that were found; `loss` takes k x p weights and gives k numbers (inf: never).

    Best single, equal and `starts`; greedy selection with replacement (Caruana 2004); a hill climb; then exchanges
    between two pillars from the best of them. Ties go to the earlier.
    """
    loss = _remember(loss)
    singles = np.eye(pillars)
    known = np.vstack([np.full((1, pillars), 1 / pillars), singles, *(np.atleast_2d(s) for s in starts)])
    losses = loss(known)
    if not np.isfinite(losses).any():
        return np.asarray(known[0])
    found = [(float(each), weights) for each, weights in zip(losses, known, strict=True)]
    if effort.greedy and pillars > 1:
        best_single = singles[int(np.argmin(losses[1 : pillars + 1]))]
        found.append(_greedy(loss, pillars, effort.greedy))
        value, climbs = float(losses[1 : pillars + 1].min()), (False, True)[: (effort.shares > 0) * (1 + effort.again)]
        found += [_climb(loss, best_single, value, effort.shares, again=again) for again in climbs]
    found.sort(key=lambda each: each[0])
    polished = [_exchange(loss, weights, value, effort.finest) for value, weights in _different(found, effort.starts)]
    return np.asarray(min([*polished, found[0]], key=lambda each: each[0])[1])


def _remember(loss: Callable[[Floats], Floats]) -> Callable[[Floats], Floats]:
    """Return the loss, which evaluates no weights twice: the ways to search meet again and again."""
    known: dict[bytes, float] = {}

    def remember(weights: Floats) -> Floats:
        keys = [each.tobytes() for each in weights]
        new = {key: k for k, key in reversed(list(enumerate(keys))) if key not in known}
        if new:
            at = sorted(new.values())
            known.update(zip([keys[k] for k in at], loss(weights[at]).tolist(), strict=True))
        return np.array([known[key] for key in keys])

    return remember


def _greedy(loss: Callable[[Floats], Floats], pillars: int, rounds: int) -> tuple[float, Floats]:
    """Add the pillar that helps most, again and again, and return the best prefix."""
    counts = np.zeros(pillars)
    best, kept = float("inf"), np.full(pillars, 1 / pillars)
    for n in range(1, rounds + 1):
        losses = loss((counts + np.eye(pillars)) / n)
        at = int(np.argmin(losses))
        counts[at] += 1
        if losses[at] < best:
            best, kept = float(losses[at]), counts / n
    return best, kept


def _climb(
    loss: Callable[[Floats], Floats], start: Floats, value: float, shares: int, *, again: bool
) -> tuple[float, Floats]:
    """Mix in the pillar and share that help most, each pillar once, or `again` and again."""
    weights, best = start, value
    amounts = np.arange(1, shares + 1) / (2 * shares)
    left = [k for k in range(len(start)) if again or start[k] == 0]
    for _ in range(_CLIMBS if again else len(left)):
        towards = np.eye(len(start))[np.repeat(left, shares)]
        share = np.tile(amounts, len(left))[:, None]
        tried = (1 - share) * weights + share * towards
        losses = loss(tried)
        at = int(np.argmin(losses))
        if not losses[at] < best:
            break
        weights, best = tried[at], float(losses[at])
        if not again:
            left.remove(left[at // shares])
    return best, weights


def _exchange(loss: Callable[[Floats], Floats], start: Floats, value: float, finest: float) -> tuple[float, Floats]:
    """Hand weight from one pillar to another while that helps, in smaller and smaller amounts."""
    weights, best, amount = start, value, _COARSEST
    for _ in range(_EXCHANGES):
        tried = _all_exchanges(weights, amount)
        losses = loss(tried) if len(tried) else np.zeros(0)
        at = int(np.argmin(losses)) if len(losses) else 0
        if len(losses) and losses[at] < best:
            weights, best = tried[at], float(losses[at])
            continue
        amount /= 2
        if amount < finest:
            break
    return best, weights


def _all_exchanges(weights: Floats, amount: float) -> Floats:
    """Return the weights after each exchange of the amount, or of all that the giver has."""
    count = len(weights)
    givers = np.flatnonzero(weights > 0)
    pairs = [(i, j) for i in givers for j in range(count) if i != j]
    tried = np.repeat(weights[None], len(pairs), axis=0)
    for k, (i, j) in enumerate(pairs):
        given = min(amount, weights[i])
        tried[k, i] -= given
        tried[k, j] += given
    return tried


def _different(found: list[tuple[float, Floats]], count: int) -> list[tuple[float, Floats]]:
    kept: list[tuple[float, Floats]] = []
    for value, weights in found:
        if len(kept) < count and np.isfinite(value) and all(np.abs(weights - w).max() > _SAME for _, w in kept):
            kept.append((value, weights))
    return kept
