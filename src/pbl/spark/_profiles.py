"""The profiles of pillars, made of the facts: what `checks` compares them by.

The last step of `_check`, where nothing else is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.checks.profile import Profile, Range, as_labels
from pbl.spark._facts import LARGE
from pbl.spark._session import rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pbl.spark._facts import Facts, NumberFacts
    from pbl.spark._rows import Rows


def read_profiles(spark: Any, rows: Rows, facts: Facts) -> list[Profile]:
    """Return what the pillars' numbers are like; labels are counted, by one more question, where all are whole."""
    labels = iter(_count_labels(spark, rows, facts))
    return [
        Profile(
            rows=facts.sources[place].rows,
            distinct=True,
            ranges=tuple(_make_range(each, next(labels)) for each in known.targets),
            unit_rows=known.units,
        )
        for place, known in zip(rows.pillars, facts.pillars, strict=True)
    ]


def _count_labels(spark: Any, rows: Rows, facts: Facts) -> Iterator[int]:
    """Yield how many labels each column of each pillar has; 0 if any column of any pillar has a fraction."""
    columns = [f"n{place}_{t}" for place in rows.pillars for t in rows.targets]
    if any(each.fractions for pillar in facts.pillars for each in pillar.targets):
        yield from [0] * len(columns)
        return
    counts = join([Sql(f"count(DISTINCT {column})") for column in columns])
    sql = ask("spark/labels", counts=counts, grouped=rows.group_by_id())
    (row,) = rows_of(spark, sql, rows.values, rows.frames)
    yield from map(as_labels, row["labels"])


def _make_range(known: NumberFacts, labels: int) -> Range:
    return Range(low=known.low, high=known.high, size=known.size * LARGE, labels=labels)
