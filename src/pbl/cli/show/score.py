"""Print scores: each file's, the blend's and that of predicting the means; then within each target name.

Called by `commands.score`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show.grid import columns, number
from pbl.cli.show.report import tell_warnings
from pbl.cli.show.stderr import write as talk
from pbl.cli.show.stdout import write as data
from pbl.cli.show.stdout import write_json as _json
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from pbl.domain.report import Report
    from pbl.weights.score import Scores

MEANS = "(means)"


def print_scores(found: Scores, report: Report, *, left_out: Mapping[str, str], as_json: bool) -> None:
    """Print scores to stdout, and warnings about the files to stderr."""
    tell_warnings(report)
    for warned in found.warnings:
        talk(f"warning {warned.code}: {safe(warned.message)}")
    for name, reason in left_out.items():
        talk(f"left out  {safe(name)}: {safe(reason)}")
    if as_json:
        _json({"schema_version": SCHEMA_VERSION, "command": "score", "ok": True, **found.to_json()})
    else:
        data("\n".join(_table(found)))


def heading(metric: str, average: str, *, greater: bool | None, rows: int, samples: int) -> str:
    """Return what is scored, and over how many rows."""
    way = {True: ", higher is better", False: ", lower is better", None: ""}[greater]
    over = ", mean over target names" if average == "targets" else ""
    return f"{safe(metric)}{over}{way}; {plural(rows, 'row')}, {plural(samples, 'sample')}"


def rows_left_out(lacking: Mapping[str, int]) -> Iterator[str]:
    """Yield a line of how many rows some files lack."""
    if lacking:
        told = ", ".join(f"{safe(name)} lacks {plural(n, 'row')}" for name, n in lacking.items())
        yield f"left out of the truth: {told}"


def _table(found: Scores) -> Iterator[str]:
    yield heading(found.metric, found.average, greater=found.greater_is_better, rows=found.rows, samples=found.samples)
    yield from rows_left_out(found.rows_left_out)
    base = None if found.baseline is None else found.baseline.score
    rows = [["pillar", "score", "fold mean", "fold sd"]]
    rows += [[safe(s.pillar), number(s.score), number(s.fold_mean), number(s.fold_sd)] for s in found.scores]
    rows.append([MEANS, number(base), number(None), number(None)])
    yield from columns(rows)
    targets = list(dict.fromkeys(name for s in found.scores for name in s.per_target))
    if len(targets) > 1:
        scores = [*found.scores, *([found.baseline] if found.baseline else [])]
        names = [safe(s.pillar) if s is not found.baseline else MEANS for s in scores]
        yield ""
        yield from columns(
            [["target", *names], *([safe(t), *(number(s.per_target.get(t)) for s in scores)] for t in targets)]
        )
