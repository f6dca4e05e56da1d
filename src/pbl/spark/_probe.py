"""Test whether an engine with Spark's interface computes as Spark does, before anything is read.

The first step of this room. One Spark-compatible engine returns -1.797e308 as the grouped maximum of -inf, so that it
would silently write wrong numbers.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pbl_sql import ask

from pbl.checks.codes_spark import as_hex
from pbl.domain.errors import EngineError
from pbl.spark._session import SparkError, rows_of

if TYPE_CHECKING:
    from collections.abc import Mapping

_ASKED: Mapping[str, Any] = {
    "low_bound": 0.0,
    "one": as_hex("a\n"),
    "two": as_hex("\u00e9"),
    "whole": as_hex(r"\A(?:a)\z"),
    "x": 3.0,
    "y": 0.1,
    "z": -3.0,
}
_KNOWN: Mapping[str, Any] = {
    "lowest": -math.inf,
    "nothing": None,
    "nan_is_largest": math.nan,
    "least": 3.0,
    "zero": "0.0",
    "negative_zero": "-0.0",
    "greatest_of_null": 0.0,
    "product": 0.0,  # -2.8e-17 where product and sum are fused
    "hash": 3070097543572406259,
    "other_hash": 3432761109295561540,
    "ends": False,
    "valid": True,
    "invalid": False,
    "nul": 2,
    "total": "18446744073709551614",
}


def probe(spark: Any) -> str:
    """Return the engine's version; raise EngineError, which names it, if any known answer differs."""
    name = _name(spark)
    try:
        (answers,) = rows_of(spark, ask("spark/probe"), _ASKED)
    except (SparkError, ValueError) as error:
        told = str(error)
    else:
        wrong = [what for what, known in _KNOWN.items() if not _same(answers.get(what, ...), known)]
        if not wrong:
            return str(spark.version)
        what = wrong[0]
        told = f"{what.replace('_', ' ')} is {answers.get(what)!r} and should be {_KNOWN[what]!r}"
    raise EngineError(
        f"{name} does not compute as Apache Spark does, so nothing is read or written: {told}; use Apache Spark 4, or "
        "pbl blend on one machine"
    )


def _name(spark: Any) -> str:
    """Return the engine's name for itself, in its session and in SQL."""
    session = f"{type(spark).__module__}.{type(spark).__qualname__}"
    version = getattr(spark, "version", "of no version")
    try:
        (answer,) = rows_of(spark, ask("spark/version"))
        own = f", version() {next(iter(answer.values()))}"
    except (SparkError, ValueError, StopIteration):
        own = ""
    return f"the engine {version} ({session}{own})"


def _same(answer: object, known: object) -> bool:
    """Say whether an answer is the known one; NaN is NaN, and zero has no sign here."""
    if isinstance(known, float) and math.isnan(known):
        return isinstance(answer, float) and math.isnan(answer)
    return type(answer) is type(known) and answer == known
