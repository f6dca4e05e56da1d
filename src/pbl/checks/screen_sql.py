"""The rules of a cell in SQL: whether a row is clean. It may only say so, never what is wrong.

`blending` screens small files with it. The other compilations are `screen_frames` and `codes_spark`; the authority is
the Pandera schema.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any, assert_never

from pbl_sql import Sql, join

from pbl.domain.cell_rules import (
    BLANK,
    EDGED,
    AtLeast,
    AtMost,
    IsFinite,
    IsNumber,
    Matches,
    NotBlank,
    NotEdged,
    cell_rules,
)

if TYPE_CHECKING:
    from collections.abc import Mapping

    from pbl.domain.cell_rules import NumberRule, TextRule
    from pbl.domain.contract import Contract


@dataclass(frozen=True, kw_only=True)
class Condition:
    """A condition, and the values of its $parameters."""

    sql: Sql
    values: Mapping[str, Any] = field(default_factory=dict)


def clean_id(contract: Contract, cell: str, *, spaced: bool) -> Condition:
    """Return the condition of a clean id; white space is looked for only if the file is `spaced`."""
    return _all([_text(rule, cell, spaced=spaced) for rule in cell_rules(contract).id])


def clean_targets(contract: Contract, table: str, *, spaced: bool, typed: bool = False) -> Condition:
    """Return the condition that the targets t0, t1, ... of a row are all clean; `typed` ones are doubles."""
    rules = cell_rules(contract)
    parts = []
    for target in range(len(contract.targets)):
        parts += [_number(rule, number(table, target)) for rule in rules.number]
        parts += [] if typed else [_text(rule, f"{table}.t{target}", spaced=spaced) for rule in rules.text]
    return _all(parts)


def number(table: str, target: int) -> str:
    """Return the number of a table's cell, NULL if the engine can't read it as one."""
    return f"try_cast({table}.t{target} AS DOUBLE)"


def _text(rule: TextRule, cell: str, *, spaced: bool) -> Condition:
    match rule:
        case Matches():
            values = {"pattern": f"(?:{rule.pattern})"}
            return Condition(sql=Sql(f"regexp_full_match({cell}, $pattern)"), values=values)
        case NotBlank() | NotEdged() | IsNumber():
            return _spaced_text(rule, cell) if spaced else Condition(sql=_plain_text(rule, cell))
        case other:
            assert_never(other)


def _spaced_text(rule: NotBlank | NotEdged | IsNumber, cell: str) -> Condition:
    match rule:
        case NotBlank():
            return Condition(sql=Sql(f"NOT regexp_full_match({cell}, $blank)"), values={"blank": BLANK})
        case NotEdged():
            return Condition(sql=Sql(f"NOT regexp_matches({cell}, $edged)"), values={"edged": EDGED})
        case IsNumber():
            return Condition(sql=Sql(f"regexp_full_match({cell}, $number)"), values={"number": rule.pattern})
        case other:
            assert_never(other)


def _plain_text(rule: NotBlank | NotEdged | IsNumber, cell: str) -> Sql:
    """Return the conditions that remain for a text without white space."""
    match rule:
        case NotBlank():
            return Sql(f"{cell} <> ''")
        case NotEdged():
            return Sql("true")
        case IsNumber():
            # Of such texts the engine's cast also accepts `_` between digits and `+-1`; nan and inf are not finite.
            return Sql(f"NOT contains({cell}, '_') AND NOT starts_with({cell}, '+-')")
        case other:
            assert_never(other)


def _number(rule: NumberRule, number: str) -> Condition:
    match rule:
        case IsFinite():
            return Condition(sql=Sql(f"isfinite({number})"))
        case AtLeast():
            return Condition(sql=Sql(f"{number} >= $minimum"), values={"minimum": rule.bound})
        case AtMost():
            return Condition(sql=Sql(f"{number} <= $maximum"), values={"maximum": rule.bound})
        case other:
            assert_never(other)


def _all(parts: list[Condition]) -> Condition:
    values = {name: value for part in parts for name, value in part.values.items()}
    return Condition(sql=join([part.sql for part in parts], " AND "), values=values)
