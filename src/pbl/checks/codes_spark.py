"""The rules of a cell in Spark's SQL: the code of what is wrong with it, NULL where nothing is.

`pbl.spark` checks with it. The other compilations are `screen_sql` and `screen_frames`; the authority is the Pandera
schema. Numbers are doubles here, so no rule is about how a number is spelt.
"""

from __future__ import annotations

import re
import sys
from typing import TYPE_CHECKING, assert_never

from pbl_sql import Sql, join

from pbl.checks.screen_sql import Condition
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
    from collections.abc import Sequence

    from pbl.domain.cell_rules import NumberRule, TextRule
    from pbl.domain.contract import Contract

_TOKEN = re.compile(r"\\.|\(\?P<[a-z_]+>", re.DOTALL)
_IN_JAVA = {"\\v": "\\x0B"}
"""Patterns that Java reads differently: there `\\v` is a class."""
_FLAGS = "(?Ud)"
"""Flags for what Rust, the schema's engine, does by default: Unicode classes, and only LF ends a line."""


def id_code(contract: Contract, cell: str) -> Condition:
    """Return the code of what is wrong with an id's text; bytes that are not UTF-8 are tested first."""
    damaged = Sql(f"WHEN instr({cell}, CAST(unhex('00') AS STRING)) > 0 THEN 'PBL106' ")
    bytes_ = Condition(sql=Sql(f"WHEN NOT is_valid_utf8({cell}) THEN 'PBL103' {damaged}"))
    return _first([bytes_, *(_of_text(rule, cell) for rule in cell_rules(contract).id)])


def number_code(contract: Contract, cell: str) -> Condition:
    """Return the code of what is wrong with a double."""
    missing = Condition(sql=Sql(f"WHEN {cell} IS NULL THEN 'PBL501'"))
    return _first([missing, *(_of_number(rule, cell) for rule in cell_rules(contract).number)])


def is_finite(number: str) -> Condition:
    """Return whether a double is finite; to Spark, NaN is greater than all numbers."""
    return Condition(
        sql=Sql(f"coalesce({number} BETWEEN -$largest AND $largest, false)"), values={"largest": sys.float_info.max}
    )


def java_pattern(pattern: str) -> str:
    """Return a whole-cell pattern that Java reads as Rust reads the given one, if `pbl.toml` accepts that."""
    body = _TOKEN.sub(lambda token: "(" if token[0].startswith("(?P") else _IN_JAVA.get(token[0], token[0]), pattern)
    return rf"{_FLAGS}\A(?:{body})\z"


def as_hex(text: str) -> str:
    """Return a text as hex: Spark puts bound text into the query, where a setting may change what a backslash means."""
    return text.encode("utf-8", "surrogatepass").hex()


def _text(name: str) -> Sql:
    return Sql(f"CAST(unhex(${name}) AS STRING)")


def _of_text(rule: TextRule, cell: str) -> Condition:
    match rule:
        case NotBlank():
            sql = Sql(f"WHEN {cell} IS NULL OR {cell} RLIKE {_text('blank')} THEN 'PBL401'")
            return Condition(sql=sql, values={"blank": as_hex(rf"\A{BLANK}\z")})
        case NotEdged():
            sql = Sql(f"WHEN {cell} RLIKE {_text('edged')} THEN 'PBL404'")
            return Condition(sql=sql, values={"edged": as_hex(EDGED)})
        case Matches():
            sql = Sql(f"WHEN NOT {cell} RLIKE {_text('pattern')} THEN 'PBL403'")
            return Condition(sql=sql, values={"pattern": as_hex(java_pattern(rule.pattern))})
        case IsNumber():
            raise NotImplementedError("an id is no number")
        case other:
            assert_never(other)


def _of_number(rule: NumberRule, cell: str) -> Condition:
    match rule:
        case IsFinite():
            finite = is_finite(cell)
            sql = Sql(f"WHEN isnan({cell}) THEN 'PBL503' WHEN NOT {finite.sql} THEN 'PBL504'")
            return Condition(sql=sql, values=finite.values)
        case AtLeast():
            return Condition(sql=Sql(f"WHEN {cell} < $minimum THEN 'PBL505'"), values={"minimum": rule.bound})
        case AtMost():
            return Condition(sql=Sql(f"WHEN {cell} > $maximum THEN 'PBL506'"), values={"maximum": rule.bound})
        case other:
            assert_never(other)


def _first(cases: Sequence[Condition]) -> Condition:
    """Return the code of the first case that holds: no cell has two."""
    values = {name: value for case in cases for name, value in case.values.items()}
    return Condition(sql=Sql(f"CASE {join([case.sql for case in cases], ' ')} END"), values=values)
