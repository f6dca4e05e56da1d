"""The profile of a file's rows: how many there are, whether their ids differ, and each target's range.

Made while a file is checked or aligned, a block at a time; the warnings that compare pillars read it.
"""

from __future__ import annotations

import hashlib
import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from hashlib import _Hash as Hash

    import polars as pl

LABELS = 20
"""PBL552: class labels are whole numbers of so many values at most."""
UNIT_SUM = 1e-3
"""PBL610: a row sums to 1 if its sum is no further from it."""


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers of one target: the least, the largest and the mean of their absolute values."""

    low: float
    high: float
    size: float
    labels: int = 0
    """How many different values there are, if all are whole numbers and there are at most LABELS; else 0."""


def as_labels(values: int) -> int:
    """Return the number of labels that so many different whole numbers are: 0 if they are more than LABELS."""
    return values if values <= LABELS else 0


@dataclass(frozen=True, kw_only=True)
class Order:
    """What tells whether two files have the same ids in one order."""

    first: str | None = None
    """The first id."""
    sha256: str | None = None
    """The hash of all ids in order; None if the first one was enough to tell two files apart."""


@dataclass(frozen=True, kw_only=True)
class Profile:
    """The profile of a file's rows; `ranges` has one for each target, none for a template."""

    rows: int
    distinct: bool
    """Whether no id is repeated, ignoring case."""
    ranges: tuple[Range, ...] = ()
    unit_rows: int = 0
    """In how many rows the targets sum to 1; not counted where there is one target."""
    order: Order | None = None
    """The ids in their order, if that was asked for."""


class Profiler:
    """Makes a profile of rows that are added block by block."""

    def __init__(self, ids: int, *, targets: int, like: Order | None = None, known: Profile | None = None) -> None:
        """Begin without rows; the end compares the hashes of so many ids at a time. A pillar has `targets` columns.

        With `like`, the order is part of the profile; its hash is, if the first id is that of `like` or that has none.
        With `known`, the profile of rows that have the same ids in one order, ids are not looked at.
        """
        self.rows = 0
        self._known = known
        self._like = like
        self._first: str | None = None
        self._digest: Hash | None = None
        self._ids = ids
        self._targets = targets
        self._hashes: list[pl.Series] = []
        self._sums: dict[str, tuple[float, float, float]] = {}
        self._labels: dict[str, set[float] | None] = {}
        self._units: list[int] = []

    def add(self, frame: pl.DataFrame) -> None:
        """Add rows: their ids, ignoring case, and all other columns, which are numbers."""
        self.add_ids(frame)
        numbers = frame.clone()
        numbers.drop_in_place("id")  # in place, as nothing is copied
        self.add_numbers(numbers)

    def add_ids(self, frame: pl.DataFrame) -> None:
        """Add the ids of rows."""
        import polars as pl

        self.rows += len(frame)
        if self._known:
            return
        hashes = frame.lazy().select(pl.col("id").str.to_lowercase().hash()).collect()  # by all cores, as it is lazy
        self._hashes.append(hashes.to_series())
        if self._like and len(frame):
            self._add_order(frame["id"], self._like)

    def add_numbers(self, frame: pl.DataFrame) -> None:
        """Add the numbers of rows: the columns of one pillar after those of another."""
        import polars as pl

        names = frame.columns
        facts = [fact for n in names for fact in (pl.col(n).min(), pl.col(n).max(), pl.col(n).sum())]
        units = [_sums_to_one(names[n : n + self._targets]) for n in range(0, len(names), self._targets)]
        asked = [*facts, *(units if self._targets > 1 else ())]
        told = frame.select(each.alias(f"f{place}") for place, each in enumerate(asked)).row(0) if names else ()
        for place, name in enumerate(names):
            low, high, total = told[3 * place :][:3]
            if low < 0:  # else the sum is that of the absolute values
                total = frame[name].abs().sum()
            before = self._sums.get(name, (low, high, 0.0))
            self._sums[name] = min(before[0], low), max(before[1], high), before[2] + total
            self._note_labels(name, frame[name])
        new = told[len(facts) :]
        self._units = [a + b for a, b in zip(self._units or [0] * len(new), new, strict=True)]

    def profile(self) -> Profile:
        """Return the profile of all rows; the ranges are in the order in which the columns were first added."""
        order = Order(first=self._first, sha256=self._digest.hexdigest() if self._digest else None)
        return Profile(
            rows=self.rows,
            distinct=self._known.distinct if self._known else self._differ(),
            ranges=tuple(
                Range(low=low, high=high, size=total / self.rows, labels=len(self._labels[name] or ()))
                for name, (low, high, total) in self._sums.items()
            ),
            unit_rows=self._units[0] if self._units else 0,
            order=self._known.order if self._known else order if self._like else None,
        )

    def split(self, profile: Profile) -> list[Profile]:
        """Return a profile for each of the pillars whose columns were side by side."""
        units = self._units or [0] * (len(profile.ranges) // self._targets)
        return [
            Profile(
                rows=profile.rows,
                distinct=profile.distinct,
                ranges=profile.ranges[place * self._targets :][: self._targets],
                unit_rows=unit,
            )
            for place, unit in enumerate(units)
        ]

    def _add_order(self, ids: pl.Series, like: Order) -> None:
        from pbl.storage.content import hash_ids  # noqa: PLC0415 - a small blend does without

        if self._first is None:
            self._first = ids[0]
            self._digest = hashlib.sha256() if like.first in {None, self._first} else None
        if self._digest:
            hash_ids(self._digest, ids)

    def _note_labels(self, name: str, numbers: pl.Series) -> None:
        """Keep the values of a column while they may be labels: until the first fraction."""
        seen = self._labels.setdefault(name, set())
        if seen is None or not len(numbers):
            return
        whole = numbers[0] == math.floor(numbers[0]) and (numbers == numbers.floor()).all()
        values = seen | set(numbers.unique().head(LABELS + 1)) if whole else ()
        self._labels[name] = set(values) if 0 < len(values) <= LABELS else None

    def _differ(self) -> bool:
        """Say whether all ids are known to differ, ignoring case: different hashes prove different ids."""
        import polars as pl

        if not self._hashes:
            return True
        parts = 1 + self.rows // self._ids  # a part of all hashes at a time takes that much less memory
        bounds = [(part << 64) // parts for part in range(parts)]
        different = 0
        for low, high in zip(bounds, [*bounds[1:], 1 << 64], strict=True):
            hashes = [h if parts == 1 else h.filter(h.is_between(low, high - 1)) for h in self._hashes]
            different += pl.concat(hashes).n_unique()
        return different == self.rows


def _sums_to_one(columns: list[str]) -> pl.Expr:
    """Return in how many rows the columns sum to 1."""
    import polars as pl

    return ((pl.sum_horizontal(columns) - 1).abs() <= UNIT_SUM).sum()
