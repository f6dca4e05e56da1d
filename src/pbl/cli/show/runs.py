"""Print the list of runs to stdout, and to stderr the warnings to read before comparing them.

`pbl runs` ends here; the forms are made by `run_table`.
"""

from __future__ import annotations

from difflib import get_close_matches
from typing import TYPE_CHECKING, assert_never

from pbl.cli.show import run_table
from pbl.cli.show.stderr import write as talk
from pbl.cli.show.stdout import write as data
from pbl.cli.show.stdout import write_json as _json
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import safe
from pbl.ledger.run import SORTED_BY, best

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.cli.formats import ListFormat
    from pbl.domain.metrics import Metric
    from pbl.ledger.history import History
    from pbl.ledger.run import Key
    from pbl.ledger.run_list import RunList

_SHOWN = 10
_METRICS = 4


def print_runs(found: RunList, how: ListFormat, chosen: Sequence[str], *, limit: int | None, label: str | None) -> None:
    """Print runs to stdout, and warnings about them and the logs to stderr."""
    runs = found.runs[:limit]
    marks = _marks(found, how, chosen)
    match how.value:
        case "json":
            _json({"schema_version": SCHEMA_VERSION, "command": "runs", "ok": True, **found.to_json(limit)})
        case "csv":
            data(run_table.csv_text(runs, chosen))
        case "md":
            data(run_table.markdown(runs, chosen, marks))
        case "table":
            if runs:
                data(run_table.table(runs, chosen, marks))
        case other:
            assert_never(other)
    _tell_order(found)
    if runs:
        _tell_best(found, marks)
    talk_of(found)
    if not runs:
        talk(_none(found.labels, label))


def talk_of(found: RunList | History, *, warnings: bool = True) -> None:
    """Print everything in the logs that can't be read, and the first warnings; JSON has all of both."""
    noticed = found.warnings if warnings else ()
    for trouble in found.troubles:
        talk(f"warning {trouble.code}: {safe(trouble.message)}")
    for notice in noticed[:_SHOWN]:
        talk(f"warning {notice.code}: {safe(notice.message)}")
    if len(noticed) > _SHOWN:
        talk(f"warning: and {len(noticed) - _SHOWN:,} more; --format json has all of them")


def _marks(found: RunList, how: ListFormat, chosen: Sequence[str]) -> Mapping[str, frozenset[Key]]:
    """Return the keys of the best runs by column, if the form has stars."""
    columns = run_table.score_columns(chosen) if how.value in {"table", "md"} else []
    return {column: best(found.runs, column) for column in columns}


def _tell_order(found: RunList) -> None:
    """Say for each metric which score was taken as better when the runs were sorted by score."""
    if found.order == "when":
        return
    metrics = found.metrics([SORTED_BY[found.order]])
    if metrics:
        talk(f"sorted by {found.order}, the best first ({_directions(metrics)})")


def _tell_best(found: RunList, marks: Mapping[str, frozenset[Key]]) -> None:
    """Say what the stars mean, and why there is none."""
    compared = found.metrics(marks, least=2)
    known = [metric for metric in compared if metric.sense is not None]
    unknown = [metric.name for metric in compared if metric.sense is None]
    if any(marks.values()):
        talk(f"* is the best of its metric ({_directions(known)})")
    if unknown:
        names = ", ".join(map(safe, unknown[:_METRICS])) + (" and others" if len(unknown) > _METRICS else "")
        way = f"log it with --metric {safe(unknown[0])}:max or :min, or set [metric] greater_is_better in pbl.toml"
        talk(f"no * for {names}: which way it goes is not known; {way}")


def _directions(metrics: Sequence[Metric]) -> str:
    more = f"; and {len(metrics) - _METRICS:,} more metrics" if len(metrics) > _METRICS else ""
    return "; ".join(map(_direction, metrics[:_METRICS])) + more


def _direction(metric: Metric) -> str:
    if metric.assumed:
        return "no metric logged: greater is taken as better"
    if metric.greater_is_better is None:
        return f"{safe(metric.name)}: not known, greater first"
    return f"{safe(metric.name) or 'no name'}: {'greater' if metric.greater_is_better else 'less'} is better"


def _none(labels: Sequence[str], label: str | None) -> str:
    """Say that there are no runs, and which labels there are."""
    if not labels:
        return "no runs are logged yet; pbl log-run logs one"
    if label is None or label in labels:
        return "no runs"
    near = get_close_matches(label, labels, n=1)
    hint = f"did you mean {near[0]}?" if near else f"there are {', '.join(labels[:_SHOWN])}"
    more = f" and {len(labels) - _SHOWN:,} more" if not near and len(labels) > _SHOWN else ""
    return f"no runs are labelled {safe(label)}; {safe(hint)}{more}"
