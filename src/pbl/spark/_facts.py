"""The facts about all ids together, which one query returns as one row, and that row as values.

`_check` asks for them and makes findings of them, `blending` its recipe.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.checks.profile import UNIT_SUM
from pbl.spark._rows import digest
from pbl.spark._session import rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.spark._rows import Rows

LARGE = 2.0**64
"""What the engine divides numbers by before it adds them up, so that no sum overflows; no digit is lost."""


@dataclass(frozen=True, kw_only=True)
class SourceFacts:
    """A source's rows and ids beside those of the reference; `digest` is that of its rows in any order."""

    rows: int
    twice: int
    """How many rows have an id that occurs more than once."""
    missing: int
    """How many of the reference's ids it lacks."""
    unknown: int
    """How many ids it has that the reference lacks."""
    digest: str


@dataclass(frozen=True, kw_only=True)
class NumberFacts:
    """The numbers of one target of one pillar."""

    low: float
    high: float
    size: float
    """The mean of their absolute values, divided by LARGE."""
    fractions: int
    """How many of them aren't whole."""


@dataclass(frozen=True, kw_only=True)
class PillarFacts:
    """The numbers of one pillar; `units` is in how many rows its targets sum to 1."""

    units: int
    targets: tuple[NumberFacts, ...]


@dataclass(frozen=True, kw_only=True)
class BlendFacts:
    """The blend of all sound ids: how many are not finite, how many were clipped, and what their numbers are."""

    broken: int
    clipped: int
    digest: str
    low: float
    high: float
    mean: float


@dataclass(frozen=True, kw_only=True)
class Facts:
    """What is known of all ids: how many keep every rule, how many rows have an odd cell, and more by source."""

    sound: int
    odd: int
    sources: tuple[SourceFacts, ...]
    pillars: tuple[PillarFacts, ...]
    blend: BlendFacts | None
    """None if there is nothing to blend, or no sound id."""


def ask_facts(spark: Any, rows: Rows) -> Facts:
    """Ask for all facts in one query; raises SparkError."""
    asked = {
        "sound": f"count(CASE WHEN {rows.sound_condition()} THEN 1 END)",
        "odd": "coalesce(sum(odd), 0)",
        "sources": _array([_ask_source(rows, place) for place in range(len(rows.sources))]),
        "pillars": _array([_ask_pillar(rows, place) for place in rows.pillars]),
        "blend": _ask_blend(rows) if rows.formula else "NULL",
    }
    columns = join([Sql(f"{sql} AS {name}") for name, sql in asked.items()])
    (row,) = rows_of(spark, ask("spark/facts", facts=columns, rows=rows.blend()), rows.values, rows.frames)
    return Facts(
        sound=row["sound"],
        odd=row["odd"],
        sources=tuple(SourceFacts(**each.asDict()) for each in row["sources"]),
        pillars=tuple(
            PillarFacts(units=each["units"], targets=tuple(NumberFacts(**one.asDict()) for one in each["targets"]))
            for each in row["pillars"]
        ),
        blend=_read_blend(row["blend"].asDict()) if rows.formula and row["sound"] else None,
    )


def is_missing(place: int, reference: int) -> Sql:
    """Return whether a source lacks an id of the reference."""
    return Sql(f"m{place} = 0 AND m{reference} > 0 AND NOT (c <=> 'PBL401')")


def is_unknown(place: int, reference: int) -> Sql:
    """Return whether a source has an id that the reference lacks."""
    return Sql(f"m{place} > 0 AND m{reference} = 0 AND NOT (c <=> 'PBL401')")


def is_repeated(place: int) -> Sql:
    """Return whether an id is repeated in a source; no id at all is another fault."""
    return Sql(f"m{place} > 1 AND NOT (c <=> 'PBL401')")


def _ask_source(rows: Rows, place: int) -> str:
    numbers = [f"n{place}_{t}" for t in rows.targets]
    named = rows.sources[place].name is not None
    return _struct(
        rows=f"coalesce(sum(m{place}), 0)",
        twice=f"coalesce(sum(CASE WHEN {is_repeated(place)} THEN m{place} END), 0)",
        missing=f"count(CASE WHEN {is_missing(place, rows.reference)} THEN 1 END)",
        unknown=f"count(CASE WHEN {is_unknown(place, rows.reference)} THEN 1 END)",
        digest=digest(["id", *numbers]) if named else digest(["id"], f"m{place} > 0"),
    )


def _ask_pillar(rows: Rows, place: int) -> str:
    numbers = [f"n{place}_{t}" for t in rows.targets]
    return _struct(
        units=f"count(CASE WHEN abs({' + '.join(numbers)} - 1) <= {UNIT_SUM!r}D THEN 1 END)",
        targets=_array(
            [
                _struct(
                    low=f"min({number})",
                    high=f"max({number})",
                    size=f"avg(abs({number} / {LARGE!r}D))",
                    fractions=f"count(CASE WHEN {number} <> rint({number}) THEN 1 END)",
                )
                for number in numbers
            ]
        ),
    )


def _ask_blend(rows: Rows) -> str:
    sound, blends = rows.sound_condition(), [f"b{t}" for t in rows.targets]
    return _struct(
        broken=f"count(CASE WHEN {sound} AND NOT ({rows.finite_condition()}) THEN 1 END)",
        clipped=f"count(CASE WHEN {sound} AND clipped THEN 1 END)",
        digest=digest(["id", *blends], sound),
        lows=_array([f"min({b})" for b in blends]),
        highs=_array([f"max({b})" for b in blends]),
        means=_array([f"avg({b})" for b in blends]),
        small_means=_array([f"avg({b} / {LARGE!r}D)" for b in blends]),
    )


def _read_blend(found: Mapping[str, Any]) -> BlendFacts:
    means = [
        mean if math.isfinite(mean) else small * LARGE
        for mean, small in zip(found["means"], found["small_means"], strict=True)
    ]
    return BlendFacts(
        broken=found["broken"],
        clipped=found["clipped"],
        digest=found["digest"],
        low=min(found["lows"]) + 0.0,  # no -0.0
        high=max(found["highs"]) + 0.0,
        mean=math.fsum(mean / len(means) for mean in means),
    )


def _struct(**fields: str) -> str:
    return f"named_struct({', '.join(f'{name!r}, {sql}' for name, sql in fields.items())})"


def _array(cells: list[str]) -> str:
    return f"array({', '.join(cells)})"
