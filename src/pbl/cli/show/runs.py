"""Print what the run logs say: runs become tables, lines or JSON, through `show`."""

from __future__ import annotations

import csv
import io
import json
import shutil
from difflib import get_close_matches
from typing import TYPE_CHECKING, Any, assert_never
from unicodedata import combining, east_asian_width

from pbl.cli.show.stderr import write as talk
from pbl.cli.show.stdout import write as data
from pbl.cli.show.stdout import write_json as _json
from pbl.domain.errors import UsageError
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import safe
from pbl.ledger.log_format import COLUMNS, SCORES, written
from pbl.ledger.run import FIELDS, best

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.cli.formats import ListFormat
    from pbl.ledger.history import History
    from pbl.ledger.run import Run

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
_SHOWN = 10
_PLAIN = 1000


def columns(text: str | None, *, default: Sequence[str]) -> list[str]:
    """Return the columns that were asked for; raise UsageError for one that there isn't."""
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


def listed(
    history: History, runs: Sequence[Run], how: ListFormat, chosen: Sequence[str], *, everything: Sequence[Run]
) -> None:
    """Print runs to stdout, and what there is to know of the logs to stderr; the best are those of `everything`."""
    match how.value:
        case "json":
            warnings = [{"code": c, "message": m} for c, m in (*history.warnings, *history.troubles)]
            rows = [run.to_json() for run in runs]
            _json({"schema_version": SCHEMA_VERSION, "command": "runs", "ok": True, "runs": rows, "warnings": warnings})
        case "csv":
            text = io.StringIO()
            writer = csv.writer(text, lineterminator="\n")
            writer.writerow(chosen)
            writer.writerows([_csv_cell(run, column) for column in chosen] for run in runs)
            data(safe(text.getvalue().removesuffix("\n"), keep="\n"))
        case "md":
            columns = _cells(runs, chosen, everything, digits=5)
            cells = ([cell.replace("|", "\\|").strip() for cell in row] for row in zip(*columns, strict=True))
            lines = [chosen, ["---"] * len(chosen), *cells]
            data("\n".join(f"| {' | '.join(line)} |" for line in lines))
        case "table":
            if runs:
                data("\n".join(_table(runs, chosen, everything)))
        case other:
            assert_never(other)
    talk_of(history)
    if not runs:
        talk("no runs" + ("" if history.runs else " are logged yet; pbl log-run logs one"))


def talk_of(history: History, *, warnings: bool = True) -> None:
    """Say all that can't be read of the logs, and the first things that look wrong; JSON has all of both."""
    noticed = history.warnings if warnings else ()
    for code, message in (*history.troubles, *noticed[:_SHOWN]):
        talk(f"warning {code}: {safe(message)}")
    if len(noticed) > _SHOWN:
        talk(f"warning: and {len(noticed) - _SHOWN:,} more; --format json has all of them")


def _table(runs: Sequence[Run], chosen: Sequence[str], everything: Sequence[Run]) -> list[str]:
    """Return the lines of a table that fits the terminal, and a hundred columns anyway."""
    room = min(_WIDE, max(_LEAST, shutil.get_terminal_size((_WIDE, 24)).columns))
    narrow = room < _WIDE
    columns = _cells(runs, chosen, everything, digits=4 if narrow else 5)
    if narrow and "when" in chosen:
        at = list(chosen).index("when")
        columns[at] = [cell[5:10] for cell in columns[at]]
    columns = [[name, *cells] for name, cells in zip(chosen, columns, strict=True)]
    between = 1 if narrow else 2
    wide = [max(map(wide_as, cells)) for cells in columns]
    for least, name in ((least, name) for least in _LEAST_LETTERS for name in _GIVES_WAY):
        over = sum(wide) + between * (len(wide) - 1) - room
        if over > 0 and name in chosen:
            at = list(chosen).index(name)
            wide[at] = max(wide[at] - over, min(wide[at], least))
    fitted = [
        [_fitted(cell, w, right=name in _NUMBERS) for cell in cells]
        for name, w, cells in zip(chosen, wide, columns, strict=True)
    ]
    return [(" " * between).join(cells).rstrip() for cells in zip(*fitted, strict=True)]


def _cells(runs: Sequence[Run], chosen: Sequence[str], everything: Sequence[Run], *, digits: int) -> list[list[str]]:
    """Return the runs' cells, column by column."""
    columns = []
    for name in chosen:
        column = _SHORT.get(name, name)
        if column in SCORES:
            marked = best(everything, column)
            cells = [brief(column, r.scores[column], digits) + ("*" if r.key in marked else " ") for r in runs]
        elif name == "weights":
            cells = [_what(run) for run in runs]
        elif name == "when":
            cells = [run.base.when[:16].replace("T", " ") for run in runs]
        else:
            cells = [brief(column, run.value(column), digits) for run in runs]
        columns.append(cells)
    return columns


def _what(run: Run) -> str:
    """Return a blend's shares in percent, in pillar order; of other runs pillar and model."""
    if shares := run.weights:
        return "/".join([f"{100 * share:.3g}" for share in shares.values()])
    return safe(" ".join(x for x in (run.value("pillar"), run.value("model")) if x))


def brief(field: str, value: Any, digits: int = 0) -> str:  # noqa: ANN401 - as JSON knows it
    """Return a value in few letters; without `digits` numbers are exact."""
    if value is None:
        return ""
    if isinstance(value, float):
        return f"{value:.{digits}f}" if digits and abs(value) < _PLAIN else f"{value:.6g}" if digits else repr(value)
    if isinstance(value, dict):
        return safe(json.dumps(value, ensure_ascii=False))
    text = str(value).lower() if isinstance(value, bool) else safe(str(value))
    return text[:12] if not digits and (field.startswith("inputs.") or field.endswith("sha256")) else text


def _csv_cell(run: Run, name: str) -> str:
    column = _SHORT.get(name, name)
    value = run.value(column)
    if isinstance(value, dict):
        return json.dumps(value)
    text = "" if value is None else repr(value) if isinstance(value, float) else str(value)
    return written(column, text)


def wide_as(text: str) -> int:
    """Return the columns of a terminal that a text takes."""
    return len(text) if text.isascii() else sum(2 if east_asian_width(c) in "WF" else not combining(c) for c in text)


def padded(text: str, wide: int, *, right: bool = False) -> str:
    """Return a text with spaces up to a width."""
    gap = " " * (wide - wide_as(text))
    return gap + text if right else text + gap


def _fitted(text: str, wide: int, *, right: bool) -> str:
    """Return a text as wide as asked: padded, or cut."""
    if text.isascii() and len(text) <= wide:
        return text.rjust(wide) if right else text.ljust(wide)
    return padded(_cut(text, wide), wide, right=right)


def _cut(text: str, wide: int) -> str:
    if wide_as(text) <= wide:
        return text
    while text and wide_as(text) > wide - 2:
        text = text[:-1]
    return (text + "..")[:wide]
