"""Make a list of runs a table, Markdown or CSV: choose columns, digits and widths.

`runs` prints what is made here.
"""

from __future__ import annotations

import csv
import io
import json
import math
import shutil
from difflib import get_close_matches
from itertools import pairwise
from typing import TYPE_CHECKING, Any

from pbl.cli.show.columns import measure, pad
from pbl.domain.errors import UsageError
from pbl.domain.run_row import COLUMNS, SCORES
from pbl.domain.wording import safe
from pbl.ledger.row_codec import encode_value
from pbl.ledger.run import FIELDS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.ledger.run import Key, Run

    Marks = Mapping[str, frozenset[Key]]

USUAL = ("id", "when", "label", "weights", "cv", "public", "private", "gap")
FLAT = FIELDS
_SHORT = {
    "id": "run_id",
    "when": "logged_at",
    "label": "label",
    "weights": "weights",
    "cv": "processed_cv",
    "public": "public_score",
    "private": "private_score",
    "gap": "gap",
}
_NUMBERS = {"cv", "public", "private", "gap", *SCORES, "clip_min", "clip_max", "rows", "clipped"}
_GIVES_WAY = ("notes", "model", "label", "weights", "pillar", "inputs", "submission", "file")
"""Columns that are cut where the table is too wide, the first one first, down to so many letters, or fewer:"""
_LEAST_LETTERS = (14, 11, 6)
_WIDE, _LEAST = 100, 60
_DIGITS, _NARROW_DIGITS, _MOST_DIGITS = 5, 4, 10
"""Digits after the point: in a wide table, in a narrow one, and the most that tell scores apart."""
_PLAIN = 1000


def asked_columns(text: str | None, *, default: Sequence[str]) -> list[str]:
    """Return the columns that were asked for; raise UsageError for an unknown one."""
    if text is None:
        return list(default)
    known = [*_SHORT, *COLUMNS, "gap", "file"]
    asked = [word.strip() for word in text.split(",")]
    for word in asked:
        if word not in known:
            near = get_close_matches(word, known, n=1)
            hint = f"did you mean {near[0]!r}?" if near else f"there are {', '.join(dict.fromkeys(known))}"
            raise UsageError(f"--columns: {word!r} is not a column; {hint}")
    return asked


def score_columns(chosen: Sequence[str]) -> list[str]:
    """Return the chosen columns that hold scores, by their names in the logs."""
    return [column for name in chosen if (column := _SHORT.get(name, name)) in SCORES]


def table(runs: Sequence[Run], chosen: Sequence[str], marks: Marks) -> str:
    """Return a table that fits the terminal, and a hundred columns anyway; the best are in `marks`."""
    room = min(_WIDE, max(_LEAST, shutil.get_terminal_size((_WIDE, 24)).columns))
    narrow = room < _WIDE
    between = 1 if narrow else 2
    least = _NARROW_DIGITS if narrow else _DIGITS
    digits = [_enough_digits(runs, name, least) for name in chosen]
    columns = [_cells(runs, name, marks, n) for name, n in zip(chosen, digits, strict=True)]
    wide = [max(map(measure, [name, *cells])) for name, cells in zip(chosen, columns, strict=True)]

    def over() -> int:
        return sum(wide) + between * (len(wide) - 1) - room

    def put(at: int, cells: list[str]) -> None:
        columns[at] = cells
        wide[at] = max(map(measure, [chosen[at], *cells]))

    for end in (16, 10):
        if "when" in chosen and (over() > 0 or narrow):  # without the year, then without the time
            put(list(chosen).index("when"), [run.base.when[5:end].replace("T", " ") for run in runs])
    for letters, name in ((letters, name) for letters in _LEAST_LETTERS for name in _GIVES_WAY):
        if over() > 0 and name in chosen:
            at = list(chosen).index(name)
            wide[at] = max(wide[at] - over(), min(wide[at], letters))
    while over() > 0 and max(digits) > least:
        at = digits.index(max(digits))
        digits[at] -= 1
        put(at, _cells(runs, chosen[at], marks, digits[at]))
    for at, name in enumerate(chosen):
        if name == "weights" and max(map(measure, columns[at])) > wide[at]:
            cells = zip(runs, columns[at], strict=True)
            columns[at] = [text if measure(text) <= wide[at] else _describe_blend(run, wide[at]) for run, text in cells]
    fitted = [
        [_fit_width(cell, w, right=name in _NUMBERS) for cell in (name, *cells)]
        for name, w, cells in zip(chosen, wide, columns, strict=True)
    ]
    return "\n".join((" " * between).join(cells).rstrip() for cells in zip(*fitted, strict=True))


def markdown(runs: Sequence[Run], chosen: Sequence[str], marks: Marks) -> str:
    """Return a Markdown table; the best are in `marks`."""
    columns = [_cells(runs, name, marks, _enough_digits(runs, name, _DIGITS)) for name in chosen]
    cells = ([cell.replace("|", "\\|").strip() for cell in row] for row in zip(*columns, strict=True))
    return "\n".join(f"| {' | '.join(line)} |" for line in [chosen, ["---"] * len(chosen), *cells])


def csv_text(runs: Sequence[Run], chosen: Sequence[str]) -> str:
    """Return runs as CSV, every number exact."""
    text = io.StringIO()
    writer = csv.writer(text, lineterminator="\n")
    writer.writerow(chosen)
    columns = [_SHORT.get(name, name) for name in chosen]
    writer.writerows([_csv_cell(column, run.value(column)) for column in columns] for run in runs)
    return safe(text.getvalue().removesuffix("\n"), keep="\n")


def shorten(field: str, value: Any, digits: int = 0) -> str:  # noqa: ANN401 - as JSON knows it
    """Return a value as short text; without `digits` numbers are exact, and a gap has no rounding noise."""
    if value is None:
        return ""
    if isinstance(value, float):
        return _number(value, digits) if digits else f"{value:.12g}" if field.endswith("gap") else repr(value)
    if isinstance(value, dict):
        return safe(json.dumps(value, ensure_ascii=False))
    text = str(value).lower() if isinstance(value, bool) else safe(str(value))
    return text[:12] if not digits and (field.startswith("inputs.") or field.endswith("sha256")) else text


def _number(value: float, digits: int) -> str:
    return f"{value:.{digits}f}" if abs(value) < _PLAIN else f"{value:.{max(6, digits + 1)}g}"


def _enough_digits(runs: Sequence[Run], name: str, least: int) -> int:
    """Return the number of digits that tell a column's scores apart, at least so many."""
    column = _SHORT.get(name, name)
    if column not in SCORES:
        return least
    values = sorted({score for run in runs if (score := run.scores[column]) is not None})
    nearest = min((b - a for a, b in pairwise(values)), default=1.0)
    digits = max(least, math.floor(-math.log10(nearest)) if nearest else _MOST_DIGITS)
    while digits < _MOST_DIGITS and len({_number(value, digits) for value in values}) < len(values):
        digits += 1
    return min(digits, _MOST_DIGITS)


def _cells(runs: Sequence[Run], name: str, marks: Marks, digits: int) -> list[str]:
    """Return the cells of a column."""
    column = _SHORT.get(name, name)
    if column in SCORES:
        marked = marks.get(column, frozenset())
        scored = ((run, run.scores[column]) for run in runs)
        return ["" if s is None else _number(s, digits) + ("*" if run.key in marked else " ") for run, s in scored]
    if name == "weights":
        return [_describe_blend(run) for run in runs]
    if name == "when":
        return [run.base.when[:16].replace("T", " ") for run in runs]
    return [shorten(column, run.value(column), digits) for run in runs]


def _describe_blend(run: Run, wide: int | None = None) -> str:
    """Return a blend's shares in percent, as many as fit; of other runs pillar and model."""
    if not run.weights:
        return safe(" ".join(x for x in (run.value("pillar"), run.value("model")) if x))
    parts = [safe(f"{name} {100 * share:.3g}") for name, share in run.weights.items()]
    whole = " ".join(parts)
    if wide is None or measure(whole) <= wide:
        return whole
    fitting = [text for n in range(1, len(parts)) if measure(text := " ".join([*parts[:n], ".."])) <= wide]
    return fitting[-1] if fitting else whole


def _csv_cell(column: str, value: Any) -> str:  # noqa: ANN401 - as JSON knows it
    if column in COLUMNS:
        return encode_value(column, value)
    return "" if value is None else repr(value) if isinstance(value, float) else str(value)


def _fit_width(text: str, wide: int, *, right: bool) -> str:
    """Return a text as wide as asked: padded, or cut."""
    if text.isascii() and len(text) <= wide:
        return text.rjust(wide) if right else text.ljust(wide)
    return pad(_cut(text, wide), wide, right=right)


def _cut(text: str, wide: int) -> str:
    if measure(text) <= wide:
        return text
    while text and measure(text) > wide - 2:
        text = text[:-1]
    return (text + "..")[:wide]
