"""Warnings of pillars whose numbers differ in kind from the others': class labels, row sums, probabilities.

Asked of profiles, as the last check: by `report` of clean files, by `pbl.spark` of frames.
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

UNIT_PART = 0.99
"""PBL610: the part of a pillar's rows that sum to 1 at least, if its rows are to."""
UNIT_SLACK = 1e-6
"""PBL611: how far below 0 or above 1 a probability may be written."""
UNIT_OTHERS = 2
"""PBL611: so many other pillars at least lie within 0 and 1."""


@dataclass(frozen=True, kw_only=True)
class Different:
    """A warning about the profile at a place: its code and words, how many rows it is about, and the column if one."""

    place: int
    code: str
    message: str
    count: int
    column: str | None = None


def compare_profiles(names: Sequence[str], profiles: Sequence[Profile], contract: Contract) -> Iterator[Different]:
    """Yield warnings of pillars that are all class labels, or whose numbers differ in kind from the others'.

    `names` are the pillars' names; one stands several times where a pillar has several files.
    """
    if len(profiles) > 1:
        yield from _labels(names, profiles)
        if len(contract.targets) > 1:
            yield from _row_sums(names, profiles)
        for target, column in enumerate(contract.targets):
            yield from _units(profiles, target, column)


def all_of(names: Sequence[str | None]) -> str:
    """Return the words for all pillars; for all files, where a pillar has several."""
    return f"all {len(names)} {'files' if len(set(names)) < len(names) else 'pillars'}"


def _labels(names: Sequence[str], profiles: Sequence[Profile]) -> Iterator[Different]:
    """Say once, at the first pillar, that all predictions of all pillars are labels; some stand more than once."""
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
