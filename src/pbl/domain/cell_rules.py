"""The rules of a cell, each stated once: what an id and a number must be.

`checks` compiles them to SQL, to polars and to Spark's SQL; the Pandera schema states them independently.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.values import NUMBER

if TYPE_CHECKING:
    from pbl.domain.contract import Contract

SPACE = r"[\t\n\x0B\f\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
"""White space, for the regular expressions of DuckDB and polars."""
BLANK = rf"{SPACE}*"
EDGED = rf"\A{SPACE}|{SPACE}\z"


@dataclass(frozen=True, kw_only=True)
class Matches:
    """The whole text matches a regular expression."""

    pattern: str


@dataclass(frozen=True, kw_only=True)
class NotBlank:
    """The text is more than white space."""


@dataclass(frozen=True, kw_only=True)
class NotEdged:
    """The text neither begins nor ends with white space."""


@dataclass(frozen=True, kw_only=True)
class IsNumber:
    """The text has the form NUMBER; an engine's own cast may accept more."""

    pattern: str = NUMBER


@dataclass(frozen=True, kw_only=True)
class IsFinite:
    """The number is finite."""


@dataclass(frozen=True, kw_only=True)
class AtLeast:
    """The number is not below the bound."""

    bound: float


@dataclass(frozen=True, kw_only=True)
class AtMost:
    """The number is not above the bound."""

    bound: float


TextRule = Matches | NotBlank | NotEdged | IsNumber
NumberRule = IsFinite | AtLeast | AtMost


@dataclass(frozen=True, kw_only=True)
class CellRules:
    """The rules that an id's text, a target's text and a target's number keep."""

    id: tuple[TextRule, ...]
    text: tuple[TextRule, ...]
    number: tuple[NumberRule, ...]


def cell_rules(contract: Contract) -> CellRules:
    """Return the rules of a contract's cells. A new rule is a line here, and a check in the Pandera schema."""
    pattern = () if contract.id_pattern is None else (Matches(pattern=contract.id_pattern),)
    low = () if contract.min is None else (AtLeast(bound=contract.min),)
    high = () if contract.max is None else (AtMost(bound=contract.max),)
    return CellRules(id=(NotBlank(), NotEdged(), *pattern), text=(IsNumber(),), number=(IsFinite(), *low, *high))
