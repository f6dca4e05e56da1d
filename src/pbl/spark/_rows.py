"""SQL that groups the rows of all pillars by id: how often it is in each pillar, its numbers, its odd cells.

`_check` makes one row of facts of it, `blending` the blend. Both use the same SQL, so what was checked is written.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.checks.codes_spark import id_code, is_finite, number_code

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.blending.formula import Formula
    from pbl.domain.contract import Contract
    from pbl.spark._open import Opened


@dataclass(frozen=True, kw_only=True)
class Rows:
    """The sound pillars, in order, and the template last if there is one; the first of all is blended by `formula`."""

    sources: tuple[Opened, ...]
    contract: Contract
    formula: Formula | None
    """None if there is nothing to blend: `validate`, or a pillar at fault."""

    @property
    def pillars(self) -> tuple[int, ...]:
        """Return the places of the pillars."""
        return tuple(place for place, each in enumerate(self.sources) if each.name is not None)

    @property
    def reference(self) -> int:
        """Return the place of the source with all ids: the template's, else the first pillar's."""
        return next((place for place, each in enumerate(self.sources) if each.name is None), 0)

    @property
    def targets(self) -> range:
        """Return the places of the targets."""
        return range(len(self.contract.targets))

    @property
    def frames(self) -> dict[str, Any]:
        """Return the frames by the names that the SQL has for them."""
        return {f"p{place}": each.frame for place, each in enumerate(self.sources)}

    @property
    def values(self) -> Mapping[str, Any]:
        """Return the values of the $parameters."""
        own = self.formula.values() if self.formula else {}
        codes = [id_code(self.contract, "id"), number_code(self.contract, "v0"), is_finite("v0")]
        return {**own, **{name: value for code in codes for name, value in code.values.items()}}

    def cells(self) -> Sql:
        """Return all rows of all sources, each cell judged."""
        return join([self._source(place) for place in range(len(self.sources))], " UNION ALL ")

    def group_by_id(self) -> Sql:
        """Return one row for each id."""
        places = range(len(self.sources))
        odd = join([Sql("c IS NOT NULL"), *(Sql(f"k{t} IS NOT NULL") for t in self.targets)], " OR ")
        return ask(
            "spark/grouped",
            counts=join([Sql(f"count(CASE WHEN p = {place} THEN 1 END) AS m{place}") for place in places]),
            numbers=join(
                [Sql(f"max(CASE WHEN p = {p} THEN v{t} END) AS n{p}_{t}") for p in self.pillars for t in self.targets]
            ),
            odd=odd,
            pillars=self.cells(),
        )

    def blend(self) -> Sql:
        """Return one row for each id with its blend b0, b1, ..., if there is one to make."""
        return self.formula.blend(self.group_by_id()) if self.formula else self.group_by_id()

    def sound_condition(self) -> Sql:
        """Return whether an id keeps every rule: once in each source, and no odd cell."""
        return join([Sql("odd = 0"), *(Sql(f"m{place} = 1") for place in range(len(self.sources)))], " AND ")

    def finite_condition(self) -> Sql:
        """Return whether an id's blend is finite, before and after the clip."""
        return join([is_finite(f"{column}{t}").sql for t in self.targets for column in "sb"], " AND ")

    def _source(self, place: int) -> Sql:
        pillar = self.sources[place].name is not None
        numbers = [
            Sql(f"CAST(t{t} AS DOUBLE) AS v{t}" if pillar else f"CAST(NULL AS DOUBLE) AS v{t}") for t in self.targets
        ]
        codes = [
            number_code(self.contract, f"v{t}").sql if pillar else Sql("CAST(NULL AS STRING)") for t in self.targets
        ]
        return ask(
            "spark/pillar",
            place=Sql(str(place)),
            numbers=join([Sql(f"v{t}") for t in self.targets]),
            id_code=id_code(self.contract, "id").sql,
            codes=join([Sql(f"{code} AS k{t}") for t, code in enumerate(codes)]),
            casts=join(numbers),
            frame=Sql(f"{{p{place}}}"),
        )


def digest(columns: Sequence[str], condition: str = "true") -> Sql:
    """Return the sum of the hashes of rows that meet a condition; their order says nothing, and no sum overflows."""
    hashed = f"xxhash64({', '.join(columns)})"
    return Sql(f"CAST(coalesce(sum(CAST(CASE WHEN {condition} THEN {hashed} END AS DECIMAL(20, 0))), 0) AS STRING)")
