"""SQL of one row's number by each method: terms in pillar order, in double precision.

`formula` makes the terms of the pillars' columns and factors; a factor of 0 leaves its pillar out.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, assert_never

from pbl_sql import Sql, join

from pbl.domain.method import Method

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

EDGES: Mapping[str, float] = {"edge_low": 1e-15, "edge_high": 1 - 1e-15}
"""The bounds that logit holds probabilities to, by $parameter."""
_HALF = 1e-12
"""How near to 1/2 a sum of shares counts as 1/2 for the median."""


class Term(NamedTuple):
    """A pillar's number and its factor."""

    number: Sql
    factor: Sql


def row_number(method: Method, terms: Sequence[Term], upto: Sequence[Sql]) -> Sql:
    """Return the number that a method makes of a row's terms; the median needs the columns of `shares_upto`."""
    match method:
        case Method.MEAN | Method.RANK:
            return join([Sql(f"{term.factor} * {term.number}") for term in terms], " + ")
        case Method.GEOMETRIC:
            zero = join([Sql(f"({term.number} = 0 AND {term.factor} > 0)") for term in terms], " OR ")
            logs = [Sql(f"{t.factor} * ln(CASE WHEN {t.number} > 0 THEN {t.number} ELSE 1 END)") for t in terms]
            return Sql(f"CASE WHEN {zero} THEN 0.0::DOUBLE ELSE exp({join(logs, ' + ')}) END")
        case Method.LOGIT:
            held = [Sql(f"least($edge_high, greatest($edge_low, {term.number}))") for term in terms]
            odds = [Sql(f"{t.factor} * ln({h} / (1 - {h}))") for t, h in zip(terms, held, strict=True)]
            return Sql(f"1 / (1 + exp(-({join(odds, ' + ')})))")
        case Method.MEDIAN:
            low, high = (_least(terms, upto, condition) for condition in (f">= {0.5 - _HALF!r}", f"> {0.5 + _HALF!r}"))
            return Sql(f"CASE WHEN {low} = {high} THEN {low} ELSE ({low} + {high}) / 2 END")
        case _:
            assert_never(method)


def shares_upto(terms: Sequence[Term]) -> list[Sql]:
    """Return for each term the sum of the shares of all terms whose number is not above its own."""
    return [
        join(
            [Sql(f"CASE WHEN {other.number} <= {each.number} THEN {other.factor} ELSE 0 END") for other in terms], " + "
        )
        for each in terms
    ]


def count_held(terms: Sequence[Term]) -> list[Sql]:
    """Return for each term whether logit clips its number."""
    outside = "{0} < $edge_low OR {0} > $edge_high"
    return [Sql(f"({term.factor} > 0 AND ({outside.format(term.number)}))") for term in terms]


def _least(terms: Sequence[Term], upto: Sequence[Sql], condition: str) -> Sql:
    cases = [Sql(f"CASE WHEN {u} {condition} THEN {t.number} END") for t, u in zip(terms, upto, strict=True)]
    return Sql(f"least({join(cases)})")
