"""Warnings of pillars by their profiles: constants, scale, class labels, row sums, probabilities.

The last check, on profiles: `report` calls it for clean files, `pbl.spark` for frames.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.checks.profile import LABELS
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pbl.checks.profile import Profile
    from pbl.domain.contract import Contract

SCALE_FACTOR = 10.0
"""PBL607: a pillar's mean absolute prediction is this many times larger or smaller than the pillars' median."""
UNIT_PART = 0.99
"""PBL610: the part of its rows that must sum to 1, for a pillar to count as one whose rows sum to 1."""
UNIT_SLACK = 1e-6
"""PBL611: how far below 0 or above 1 a probability may be, through rounding."""
UNIT_OTHERS = 2
"""PBL611: the least number of other pillars that must lie within 0 and 1."""


@dataclass(frozen=True, kw_only=True)
class Different:
    """A warning about the profile at a place: its code and words, its number of rows, and its column if it has one."""

    place: int
    code: str
    message: str
    count: int
    column: str | None = None


def find_constants(profiles: Sequence[Profile], contract: Contract) -> Iterator[Different]:
    """Yield a warning for each column of each pillar whose predictions are all the same."""
    for place, profile in enumerate(profiles):
        for column, each in zip(contract.targets, profile.ranges, strict=True):
            if profile.rows > 1 and each.low == each.high:
                message = f"every prediction is {each.low + 0.0!r}"
                yield Different(place=place, code="PBL551", message=message, count=profile.rows, column=column)


def compare_sizes(profiles: Sequence[Profile], contract: Contract) -> Iterator[Different]:
    """Yield warnings of pillars whose predictions are on another scale than the others'."""
    for target, column in enumerate(contract.targets):
        sizes = [profile.ranges[target].size for profile in profiles]
        middle = sorted(sizes)[(len(sizes) - 1) // 2] if sizes else 0.0
        for place, size in enumerate(sizes):
            if middle > 0 and not middle / SCALE_FACTOR <= size <= middle * SCALE_FACTOR:
                message = f"the mean absolute prediction is {size:.4g}, that of the pillars' lower median {middle:.4g}"
                rows = profiles[place].rows
                yield Different(place=place, code="PBL607", message=message, count=rows, column=column)


def compare_profiles(names: Sequence[str], profiles: Sequence[Profile], contract: Contract) -> Iterator[Different]:
    """Yield warnings of pillars that are all class labels, or whose numbers are of another kind than the others'.

    `names` are the pillars' names; a pillar of several files is there once for each.
    """
    if len(profiles) > 1:
        yield from _labels(names, profiles)
        if len(contract.targets) > 1:
            yield from _row_sums(names, profiles)
        for target, column in enumerate(contract.targets):
            yield from _units(profiles, target, column)


def all_of(names: Sequence[str | None]) -> str:
    """Return the words for all pillars, or for all files if a pillar has several."""
    return f"all {len(names)} {'files' if len(set(names)) < len(names) else 'pillars'}"


def _labels(names: Sequence[str], profiles: Sequence[Profile]) -> Iterator[Different]:
    """Warn once, at the first pillar, that all predictions of all pillars are labels; not if no label is repeated."""
    labels = all(each.labels for profile in profiles for each in profile.ranges)
    if labels and any(all(each.labels < profile.rows for each in profile.ranges) for profile in profiles):
        message = f"every prediction of {all_of(names)} is a whole number, of {LABELS} values at most"
        yield Different(place=0, code="PBL552", message=message, count=profiles[0].rows)


def _row_sums(names: Sequence[str], profiles: Sequence[Profile]) -> Iterator[Different]:
    odd = {place for place, each in enumerate(profiles) if each.unit_rows < UNIT_PART * each.rows}
    if 2 * len(odd) > len(profiles):
        return
    others = ", ".join(name for place, name in enumerate(names) if place not in odd)
    for place in sorted(odd):
        off = profiles[place].rows - profiles[place].unit_rows
        message = f"{plural(off, 'row')} not summing to 1, as the rows of {others} do"
        yield Different(place=place, code="PBL610", message=message, count=off)


def _units(profiles: Sequence[Profile], target: int, column: str) -> Iterator[Different]:
    ranges = [profile.ranges[target] for profile in profiles]
    odd = [place for place, each in enumerate(ranges) if each.low < -UNIT_SLACK or each.high > 1 + UNIT_SLACK]
    others = [each for place, each in enumerate(ranges) if place not in odd]
    if len(odd) != 1 or len(others) < UNIT_OTHERS or any(each.low == each.high for each in others):
        return
    (place,) = odd
    each = ranges[place]
    message = f"predictions from {each.low:.6g} to {each.high:.6g}, and within 0 and 1 in all other pillars"
    yield Different(place=place, code="PBL611", message=message, count=profiles[place].rows, column=column)
