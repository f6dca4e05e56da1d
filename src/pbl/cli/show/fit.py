"""Print what was fitted and predicted: scores and weights, warnings, the files, and what to type next.

Called by `commands.fit` and `commands.predict`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show import stderr, stdout
from pbl.cli.show.grid import columns, number
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from typing import Any

    from pbl.training.fitting import Fitting


def print_fit(found: Fitting, files: Sequence[dict[str, Any]], notes: Sequence[str], *, as_json: bool) -> None:
    """Print the scores to stdout, and the rest to stderr."""
    for note in notes:
        stderr.write(safe(note))
    for warned in found.warnings:
        stderr.write(f"warning  {warned.code}: {safe(warned.message)}")
    if as_json:
        stdout.write_json({"schema_version": SCHEMA_VERSION, "command": "fit", "ok": True, **found.to_json(files)})
        return
    stdout.write("\n".join(_table(found)))
    for each in files:
        stderr.write(f"written  {safe(each['path'])} ({each['bytes']:,} bytes)")


def print_prediction(pillar: str, rows: int, written: dict[str, Any], notes: Sequence[str], *, as_json: bool) -> None:
    """Print the outcome: to stdout as JSON, else to stderr."""
    for note in notes:
        stderr.write(safe(note))
    if as_json:
        outcome = {"pillar": pillar, "rows": rows, "output": written}
        stdout.write_json({"schema_version": SCHEMA_VERSION, "command": "predict", "ok": True, **outcome})
        return
    stderr.write(
        f"written  {safe(written['path'])}: {plural(rows, 'row')} of {safe(pillar)}, sha256 {written['sha256'][:12]}"
    )


def _table(found: Fitting) -> Iterator[str]:
    way = "higher" if found.greater_is_better else "lower"
    by = ", ".join(map(safe, found.grouped_by))
    yield (
        f"{safe(found.pillar)}: {found.fitted.task}, {safe(found.metric)}, {way} is better; "
        f"{plural(found.samples, 'sample')}, {plural(found.groups, 'group')} by {by}, {plural(found.folds, 'fold')}"
    )
    rows = [["model", "score", "weight"]]
    rows += [[each.model, number(each.score), number(each.weight)] for each in found.models]
    rows.append(["(means)", number(found.baseline.score), number(None)])
    yield from columns(rows)
