"""What a run log must look like: one row a run, or a score that came later under the same run id.

Nothing at run time asks it: it says independently what `pbl` writes, and the tests hold the two against each other.
"""

from __future__ import annotations

import json
import math
import re
import sys
from datetime import datetime
from typing import TYPE_CHECKING

import pandera.polars as pa
import polars as pl

if TYPE_CHECKING:
    from collections.abc import Callable

    from pandera.api.polars.types import PolarsData

_DECIMAL = r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?"
_MOMENT = r"[0-9]{4}-[0-9]{2}-[0-9]{2}T[0-9]{2}:[0-9]{2}:[0-9]{2}(\.[0-9]{6})?Z"
_LABEL = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
_LARGEST = sys.float_info.max
_FORMULA = re.compile(r"[=+\-@\t\r]")


def run_log_schema() -> pa.DataFrameSchema:
    """Return the schema of a log's raw text: a frame of string columns, no nulls; an empty cell is what isn't known."""
    return pa.DataFrameSchema(
        {
            "pillar": _column("text", _is_no_formula),
            "model": _column("text", _is_no_formula),
            "processed_cv": _column("score", _is_number),
            "full_cv": _column("score", _is_number),
            "public_score": _column("score", _is_number),
            "private_score": _column("score", _is_number),
            "metric": _column("text", _is_no_formula),
            "run_id": pa.Column(pl.String, _check("run id", r".+")),
            "logged_at": _column("moment", _is_moment),
            "label": pa.Column(pl.String, _check("label", _LABEL)),
            "method": _column("text", _is_no_formula),
            "clip_min": _column("bound", _is_number),
            "clip_max": _column("bound", _is_number),
            "weights": _column("shares", _is_shares),
            "rows": _column("count", r"[0-9]{1,18}"),
            "clipped": _column("count", r"[0-9]{1,18}"),
            "submission": _column("text", _is_no_formula),
            "submission_sha256": _column("hash", r"[0-9a-f]{64}"),
            "inputs": _column("hashes", _is_texts),
            "git_commit": _column("commit", r"[0-9a-f]{40,64}"),
            "git_dirty": _column("flag", r"true|false"),
            "pbl_version": _column("version", r"[0-9A-Za-z.+!-]+"),
            "kaggle_ref": _column("text", _is_no_formula),
            "kaggle_run_type": _column("text", _is_no_formula),
            "kaggle_rerun": _column("flag", r"true|false"),
            "notes": _column("text", _is_no_formula),
        },
        strict=True,
        ordered=True,
    )


def _column(name: str, good: str | Callable[[str], bool]) -> pa.Column:
    """Return a column whose cells are empty, or good: by a whole-cell pattern or a function."""
    return pa.Column(pl.String, _check(name, rf"(?s:{good})?" if isinstance(good, str) else lambda c: not c or good(c)))


def _check(name: str, good: str | Callable[[str], bool]) -> pa.Check:
    """Return a check of every cell of a column."""

    def holds(data: PolarsData) -> pl.LazyFrame:
        cell = pl.col(data.key)
        if isinstance(good, str):
            return data.lazyframe.select(cell.str.contains(rf"\A(?:{good})\z"))
        return data.lazyframe.select(cell.map_elements(good, return_dtype=pl.Boolean))

    return pa.Check(holds, name=name)


def _is_no_formula(cell: str) -> bool:
    """Say that no spreadsheet takes a text for a formula; a number is none."""
    return not _FORMULA.match(cell) or re.fullmatch(_DECIMAL, cell) is not None


def _is_number(cell: str) -> bool:
    return re.fullmatch(_DECIMAL, cell) is not None and math.isfinite(float(cell))


def _is_moment(cell: str) -> bool:
    if not re.fullmatch(_MOMENT, cell):
        return False
    try:
        datetime.fromisoformat(cell)
    except ValueError:
        return False
    return True


def _is_shares(cell: str) -> bool:
    return _is_object(cell, lambda value: type(value) in {int, float} and abs(value) <= _LARGEST)


def _is_texts(cell: str) -> bool:
    return _is_object(cell, lambda value: isinstance(value, str))


def _is_object(cell: str, good: Callable[..., bool]) -> bool:
    try:
        table = json.loads(cell)
    except ValueError:
        return False
    return isinstance(table, dict) and all(map(good, table.values()))
