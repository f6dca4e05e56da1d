"""Warnings of pillars whose numbers differ in kind from the others': class labels, row sums, probabilities.

`validate` and `blend` ask it of clean files, as the last check.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.checks._findings import all_of, note
from pbl.checks.profile import LABELS
from pbl.domain.findings import Offences
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pbl.checks.open_files import CheckedFile
    from pbl.checks.profile import Profile
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding

UNIT_PART = 0.99
"""PBL610: the part of a pillar's rows that sum to 1 at least, if its rows are to."""
UNIT_SLACK = 1e-6
"""PBL611: how far below 0 or above 1 a probability may be written."""
UNIT_OTHERS = 2
"""PBL611: so many other pillars at least lie within 0 and 1."""

_Found = tuple["CheckedFile", "Finding"]


def compare_profiles(files: Sequence[CheckedFile], contract: Contract) -> Iterator[_Found]:
    """Yield warnings of pillars that are all class labels, or whose numbers differ in kind from the others'."""
    profiles = [(file, file.profile) for file in files if file.profile]
    if len(profiles) > 1:
        yield from _labels(profiles)
        if len(contract.targets) > 1:
            yield from _row_sums(profiles)
        for target, column in enumerate(contract.targets):
            yield from _units(profiles, target, column)


def _labels(profiles: Sequence[tuple[CheckedFile, Profile]]) -> Iterator[_Found]:
    """Say once, at the first pillar, that all predictions of all pillars are labels; some stand more than once."""
    labels = all(each.labels for _, profile in profiles for each in profile.ranges)
    if labels and any(all(each.labels < profile.rows for each in profile.ranges) for _, profile in profiles):
        first = profiles[0][0]
        everywhere = all_of([file.input for file, _ in profiles])
        message = f"every prediction of {everywhere} is a whole number, of {LABELS} values at most"
        for found in note(first.input, "PBL552", message, Offences(limit=0, count=first.rows or 0)):
            yield first, found


def _row_sums(profiles: Sequence[tuple[CheckedFile, Profile]]) -> Iterator[_Found]:
    odd = [(file, profile) for file, profile in profiles if profile.unit_rows < UNIT_PART * profile.rows]
    if 2 * len(odd) > len(profiles):
        return
    for file, profile in odd:
        off = profile.rows - profile.unit_rows
        message = f"{plural(off, 'row')} not summing to 1, as the rows of {_others(profiles, odd)} do"
        for found in note(file.input, "PBL610", message, Offences(limit=0, count=off)):
            yield file, found


def _units(profiles: Sequence[tuple[CheckedFile, Profile]], target: int, column: str) -> Iterator[_Found]:
    ranges = [(file, profile.ranges[target]) for file, profile in profiles]
    odd = [(file, each) for file, each in ranges if each.low < -UNIT_SLACK or each.high > 1 + UNIT_SLACK]
    others = [each for _, each in ranges if not (each.low < -UNIT_SLACK or each.high > 1 + UNIT_SLACK)]
    if len(odd) != 1 or len(others) < UNIT_OTHERS or any(each.low == each.high for each in others):
        return
    ((file, each),) = odd
    message = f"predictions from {each.low:.6g} to {each.high:.6g}, and within 0 and 1 in all other pillars"
    for found in note(file.input, "PBL611", message, Offences(limit=0, count=file.rows or 0), column=column):
        yield file, found


def _others(profiles: Sequence[tuple[CheckedFile, Profile]], odd: Sequence[tuple[CheckedFile, Profile]]) -> str:
    names = [file.input.name or "" for file, profile in profiles if (file, profile) not in odd]
    return ", ".join(names)
