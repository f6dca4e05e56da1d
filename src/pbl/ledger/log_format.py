"""Say what a run log looks like.

A log is `scores_YYYY-MM-DD_label.csv`. Its first columns are those of the logs that were there before pbl. A row is a
fact: a run, or a score that came later under the same run id.
"""

from __future__ import annotations

import base64
import json
import os
import re
import sys
from functools import lru_cache
from typing import TYPE_CHECKING, Any

from pbl.domain.values import decimal
from pbl.storage.csv_text import escape_formula

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from pathlib import Path

SEED = ("pillar", "model", "processed_cv")
_OURS = (
    "full_cv,public_score,private_score,metric,run_id,logged_at,label,method,clip_min,clip_max,weights,rows,clipped,"
    "submission,submission_sha256,inputs,git_commit,git_dirty,pbl_version,kaggle_ref,kaggle_run_type,kaggle_rerun,notes"
)
COLUMNS = (*SEED, *_OURS.split(","))
"""The header of a log that pbl writes."""
SCORES = ("processed_cv", "full_cv", "public_score", "private_score")
LABEL = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"
KAGGLE, BY_HAND = "kaggle", "by-hand"
"""The `method` of a fact that came later: `logged_at` of the first is Kaggle's own date."""

_FREE = frozenset({"pillar", "model", "metric", "method", "submission", "kaggle_ref", "kaggle_run_type", "notes"})
_ESCAPED = re.compile(r"'+[=+\-@\t\r]")
_DIGITS = 18


def log_path(folder: Path, day: datetime, label: str) -> Path:
    """Return the log of a day (UTC) and label."""
    return folder / f"scores_{day:%Y-%m-%d}_{label}.csv"


def new_run_id(now: datetime) -> str:
    """Return an id that no other process makes: the day, and forty random bits."""
    return run_id(f"{now:%Y%m%d}", os.urandom(5))


def run_id(day: str, data: bytes) -> str:
    """Return a day and five bytes as a run id; its letters and digits are not mistaken for one another."""
    letters = base64.b32encode(data).decode().lower()
    return f"{day}-{letters.translate(str.maketrans('ilo', '890'))}"


def written(column: str, text: str) -> str:
    """Return a text as a log's cell: a formula is defused, so that `meant` gives the text again."""
    if column not in _FREE:
        return text
    return f"'{text}" if _ESCAPED.match(text) else escape_formula(text)


def meant(column: str, cell: str) -> str:
    """Return the text that a log's cell stands for."""
    return cell[1:] if cell.startswith("'") and column in _FREE and _ESCAPED.match(cell) else cell


def typed(column: str, text: str) -> Any:  # noqa: ANN401 - as JSON knows it
    """Return a text as what its column holds: number, count, flag or object; None if it is empty or isn't one."""
    if column in {*SCORES, "clip_min", "clip_max"}:
        return decimal(text)
    if column in {"rows", "clipped"}:
        return int(text) if text.isascii() and text.isdigit() and len(text) <= _DIGITS else None
    if column in {"git_dirty", "kaggle_rerun"}:
        return {"true": True, "false": False}.get(text)
    if column in {"weights", "inputs"}:
        return dict(table) if (table := named(column, text)) is not None else None
    return text or None


@lru_cache(maxsize=1000)
def named(column: str, text: str) -> Mapping[str, Any] | None:
    """Return the object of a `weights` or `inputs` cell: finite numbers or texts by name; None if it is none."""
    try:
        table = json.loads(text) if text else None
    except (ValueError, RecursionError):
        return None
    good = _share if column == "weights" else _text
    return table if isinstance(table, dict) and all(map(good, table.values())) else None


def _share(value: object) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool) and abs(value) <= sys.float_info.max


def _text(value: object) -> bool:
    return isinstance(value, str)
