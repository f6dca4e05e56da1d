"""The profiles of pillars, of the one row of facts: what `checks` compares them by.

The last step of `_check`, where nothing else is wrong.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.checks.profile import Profile, Range, as_labels
from pbl.spark._session import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.spark._rows import Rows

LARGE = 2.0**64
"""What the engine divides numbers by before it adds their absolute values up, so that no sum overflows."""


def read_profiles(spark: Any, rows: Rows, facts: Mapping[str, Any]) -> list[Profile]:
    """Return what the pillars' numbers are like; labels are counted, by one more question, where all are whole."""
    columns = [f"{place}_{t}" for place in rows.pillars for t in rows.targets]
    labels: Mapping[str, int] = {}
    if not any(facts[f"parts{column}"] for column in columns):
        counts = join([Sql(f"count(DISTINCT n{column}) AS labels{column}") for column in columns])
        sql = ask("spark/labels", counts=counts, grouped=rows.group_by_id())
        (labels,) = rows_of(spark, sql, rows.values, rows.frames)

    def make_range(column: str) -> Range:
        low, high, size = facts[f"low{column}"], facts[f"high{column}"], facts[f"size{column}"]
        return Range(low=low, high=high, size=size * LARGE, labels=as_labels(labels.get(f"labels{column}", 0)))

    return [
        Profile(
            rows=facts[f"rows{place}"],
            distinct=True,
            ranges=tuple(make_range(f"{place}_{t}") for t in rows.targets),
            unit_rows=facts[f"units{place}"],
        )
        for place in rows.pillars
    ]
