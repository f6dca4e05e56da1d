"""What a file's rows are like: how many, whether their ids differ, and each target's range.

Rows go by a block at a time, and what is known of blocks adds up.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import polars as pl


@dataclass(frozen=True, kw_only=True)
class Range:
    """The numbers of one target: the least, the largest and the mean of their absolute values."""

    low: float
    high: float
    size: float


@dataclass(frozen=True, kw_only=True)
class Profile:
    """What a file's rows are like; `ranges` has one for each target, none for a template."""

    rows: int
    distinct: bool
    """Whether no id stands twice, case aside."""
    ranges: tuple[Range, ...] = ()


class Profiler:
    """Takes note of rows as they go by."""

    def __init__(self, ids: int) -> None:
        """Compare the hashes of so many ids at a time in the end."""
        self.rows = 0
        self._ids = ids
        self._hashes: list[pl.Series] = []
        self._sums: dict[str, tuple[float, float, float]] = {}

    def add(self, frame: pl.DataFrame) -> None:
        """Take note of rows: of their ids, case aside, and of all other columns, which are numbers."""
        import polars as pl

        self.add_ids(frame)
        names = [name for name in frame.columns if name != "id"]
        if names:
            every = pl.col(names)
            facts = (frame.select(each).row(0) for each in (every.min(), every.max(), every.abs().sum()))
            for name, low, high, total in zip(names, *facts, strict=True):
                self.add_numbers(name, low, high, total)

    def add_ids(self, frame: pl.DataFrame) -> None:
        """Take note of rows' ids."""
        import polars as pl

        hashes = frame.lazy().select(pl.col("id").str.to_lowercase().hash()).collect()  # by all cores, as it is lazy
        self._hashes.append(hashes.to_series())
        self.rows += len(frame)

    def add_numbers(self, column: str, low: float, high: float, total: float) -> None:
        """Take note of some rows' numbers in a column: the least, the largest, the sum of their absolute values."""
        before = self._sums.get(column, (low, high, 0.0))
        self._sums[column] = min(before[0], low), max(before[1], high), before[2] + total

    def profile(self) -> Profile:
        """Return what is known of all rows; the ranges are in the order in which the columns first came by."""
        ranges = (Range(low=low, high=high, size=total / self.rows) for low, high, total in self._sums.values())
        return Profile(rows=self.rows, distinct=self._differ(), ranges=tuple(ranges))

    def _differ(self) -> bool:
        """Say whether all ids are known to differ, and by more than case: different hashes prove different ids."""
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
