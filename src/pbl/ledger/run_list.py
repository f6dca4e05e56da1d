"""The list of runs, in order, with warnings to read before scores are compared.

`pbl runs` and `pbl.runs` show it.
"""

from __future__ import annotations

from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.settings import MetricSettings
from pbl.ledger.history import read_history
from pbl.ledger.run import Order, sort_runs

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

    from pbl.domain.metrics import Metric
    from pbl.ledger.facts import Trouble
    from pbl.ledger.history import Notice
    from pbl.ledger.run import Run


@dataclass(frozen=True, kw_only=True)
class RunList:
    """Runs with their newest scores, the newest or the best first; `pbl.runs` returns one."""

    runs: tuple[Run, ...]
    order: Order
    warnings: tuple[Notice, ...]
    """The warnings about the runs."""
    troubles: tuple[Trouble, ...]
    """The parts of the logs that could not be read."""
    labels: tuple[str, ...]
    """All labels of the logs."""

    def metrics(self, columns: Iterable[str], *, least: int = 1) -> list[Metric]:
        """Return the metrics with at least so many scores in one of the columns."""
        found: dict[str, Metric] = {}
        for column in columns:
            counts = Counter([run.metric.key for run in self.runs if run.scores[column] is not None])
            enough = {key for key, count in counts.items() if count >= least} - found.keys()
            if enough:
                found |= {run.metric.key: run.metric for run in self.runs if run.metric.key in enough}
        return list(found.values())

    def to_json(self, limit: int | None = None) -> dict[str, Any]:
        """Return the runs, or the first of them, in the public form."""
        return {
            "runs": [run.to_json() for run in self.runs[:limit]],
            "warnings": [
                *({"code": each.code, "message": each.message} for each in self.warnings),
                *({"code": each.code, "message": each.message} for each in self.troubles),
            ],
        }


def list_runs(
    logs: Path,
    *,
    spill: Path,
    label: str | None = None,
    order: Order = "when",
    metric: MetricSettings = MetricSettings(),
) -> RunList:
    """List the runs of all logs of a folder, or those of one label; their input files are compared too.

    `metric` has the project's own settings. `spill` is where a private folder may be made.
    """
    history = read_history(logs, spill=spill, look=True, label=label, metric=metric)
    return RunList(
        runs=tuple(sort_runs(history.runs, order)),
        order=order,
        warnings=history.warnings,
        troubles=history.troubles,
        labels=history.labels,
    )
