"""Read all runs back from the logs, each with its newest scores, and warn of what looks wrong among them.

The logs are read once, and DuckDB is asked. `run_list`, `runs show` and the imports of scores start from it.
"""

from __future__ import annotations

import json
from dataclasses import dataclass
from functools import partial
from typing import TYPE_CHECKING, Any, NamedTuple

from pbl.domain.errors import UsageError
from pbl.domain.limits import Limits
from pbl.domain.metrics import Metric, resolve_metrics
from pbl.domain.run_row import KAGGLE, SCORES
from pbl.domain.settings import MetricSettings
from pbl.domain.values import moment
from pbl.domain.wording import plural, restore_utf8
from pbl.engine.duck import open_duck
from pbl.ledger._log_files import read_logs
from pbl.ledger.file_status import changed_inputs
from pbl.ledger.run import SORTED_BY, Run, sort_runs

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pbl.engine.duck import Duck
    from pbl.ledger.facts import Fact, Trouble

RHO_FROM = 5
"""The least number of runs for which a rank correlation means something."""
LAST = "last"
"""The word for the newest run."""
_SHOWN = 5
_DATED = 1 << 61
"""Added to a date in microseconds, it is above every ref."""
_UNKNOWN = -1
_LONGEST_REF = 18
"""Digits of a longer number don't fit into 64 bits."""


class Notice(NamedTuple):
    """A warning about the runs.

    RUN101 same-submission, RUN102 same-scores, RUN103 inputs-changed, RUN104 ranks-disagree.
    """

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class History:
    """The runs, in the order of the logs; of one label, if one was asked for."""

    runs: tuple[Run, ...]
    facts: tuple[Fact, ...]
    """All rows of all logs."""
    warnings: tuple[Notice, ...]
    troubles: tuple[Trouble, ...]
    """The parts of the logs that could not be read."""
    headers: Mapping[Path, tuple[str, ...]]
    """Each log's header."""

    @property
    def labels(self) -> tuple[str, ...]:
        """Return all labels, sorted."""
        return tuple(sorted({fact.row.label for fact in self.facts}))

    def facts_of(self, run_id: str) -> list[Fact]:
        """Return all rows of a run, in the order of the logs."""
        return [fact for fact in self.facts if fact.row.run_id == run_id]

    def find(self, text: str) -> list[Run]:
        """Return the runs of one run id, given whole or in part, by a label that has one run, or as `last`.

        Raises UsageError if no run fits, or several do.
        """
        wanted = text.removeprefix("pbl:")
        newest = list(dict.fromkeys(run.run_id for run in sort_runs(self.runs, "when")))
        found = [wanted] if wanted in newest else self._find_meant(wanted, newest) if wanted else []
        if not found:
            there = f"the last ones are {', '.join(newest[:_SHOWN])}" if newest else "the logs hold none"
            raise UsageError(f"no run {restore_utf8(text)!r}; {there}")
        if len(found) > 1:
            more = f" and {len(found) - _SHOWN:,} more" if len(found) > _SHOWN else ""
            raise UsageError(
                f"{text!r} could be any of {len(found):,} runs: {', '.join(found[:_SHOWN])}{more}; write more of the id"
            )
        return [run for run in self.runs if run.run_id == found[0]]

    def _find_meant(self, wanted: str, newest: Sequence[str]) -> list[str]:
        """Return the ids of the runs that a text could mean, the newest first."""
        labelled = {run.run_id for run in self.runs if run.label == wanted}
        last = set(newest[:1]) if wanted == LAST else set()
        return [run_id for run_id in newest if wanted in run_id or run_id in labelled or run_id in last]


def read_history(
    logs: Path,
    *,
    spill: Path,
    look: bool = False,
    label: str | None = None,
    metric: MetricSettings = MetricSettings(),
) -> History:
    """Read every log of a folder, and ask DuckDB for each run's newest scores and for warnings.

    With `look` the runs' input files are compared too; with `label` the runs and warnings are of that label only.
    `metric` has the project's own settings. `spill` is where a private folder may be made.
    """
    read = read_logs(logs)
    facts = tuple(fact for log in read.values() for fact in log.facts)
    troubles = tuple(each for log in read.values() for each in log.troubles if label in {None, each.label})
    runs: tuple[Run, ...] = ()
    warnings: list[Notice] = []
    if facts:
        metrics = resolve_metrics(
            {fact.row.metric for fact in facts}, name=metric.name, greater_is_better=metric.greater_is_better
        )
        with open_duck({}, Limits(threads=1), size=0, spill=spill) as duck:
            duck.run("runs/runs", {"facts": _columns(facts, metrics)})
            every = (_run(facts[n], scores, metrics) for n, *scores in duck.rows("runs/listed_runs"))
            runs = tuple(run for run in every if label in {None, run.label})
            warnings = [*_same_submissions(duck, label), *_same_scores(duck, label), *_ranks(duck, runs, label)]
    if look:
        rows = [(run.run_id, run.base.row) for run in runs]
        warnings += [Notice("RUN103", told) for told in changed_inputs(rows, logs)]
    return History(
        runs=runs,
        facts=facts,
        warnings=tuple(sorted(warnings)),
        troubles=troubles,
        headers={path: log.header for path, log in read.items()},
    )


def _run(base: Fact, newest: Sequence[float | None], metrics: Mapping[str, Metric]) -> Run:
    scores = dict(zip(SCORES, newest, strict=True))
    cv, public, metric = scores["processed_cv"], scores["public_score"], metrics[base.row.metric]
    gap = None if cv is None or public is None else metric.gap(cv, public)
    return Run(base=base, scores=scores | {"gap": gap}, metric=metric)


def _columns(facts: Sequence[Fact], metrics: Mapping[str, Metric]) -> str:
    """Return the facts as the JSON that runs.sql reads; rows take much longer to bind."""
    rows = [fact.row for fact in facts]
    table: dict[str, list[Any]] = {
        "n": list(range(len(facts))),
        "run_id": [row.run_id for row in rows],
        "pillar": [row.pillar for row in rows],
        "model": [row.model for row in rows],
        "label": [row.label for row in rows],
        "metric": [metrics[row.metric].key for row in rows],
        "sense": [metrics[row.metric].sense or "" for row in rows],
        "sha256": [row.submission_sha256 for row in rows],
        "later": [row.is_later_score for row in rows],
        "place": [_kaggle_place(fact) if fact.row.method == KAGGLE else None for fact in facts],
        "cv": [row.processed_cv for row in rows],
        "full_cv": [row.full_cv for row in rows],
        "public": [row.public_score for row in rows],
        "private": [row.private_score for row in rows],
    }
    return json.dumps(table, allow_nan=False)


def _kaggle_place(fact: Fact) -> int:
    """Return a number that is greater for a newer score from Kaggle: by its date, else by its ref.

    A score with a date is always newer than one without.
    """
    if at := moment(fact.when) if fact.when else None:
        return _DATED + round(at.timestamp() * 1e6)
    ref = fact.row.kaggle_ref
    number = int(ref) if len(ref) <= _LONGEST_REF and ref.isascii() and ref.isdigit() else _DATED
    return number if number < _DATED else _UNKNOWN


def _same_submissions(duck: Duck, label: str | None) -> Iterable[Notice]:
    for sha256, labels, runs in duck.rows("runs/same_submissions"):
        if label is None or label in labels:
            which = f"the same submission (sha256 {sha256[:12]}) under the labels {_list(labels)}"
            yield Notice("RUN101", f"{runs:,} runs are {which}")


def _same_scores(duck: Duck, label: str | None) -> Iterable[Notice]:
    for labels, rows, pillar, model, cv in duck.rows("runs/same_scores"):
        if label is None or label in labels:
            said = (
                f"{plural(rows, 'score row')} {'is' if rows == 1 else 'are'} the same under the labels {_list(labels)}"
            )
            more = " and more" if rows > 1 else ""
            yield Notice("RUN102", f"{said}: {pillar},{model},{cv!r}{more}; was one log copied from another?")


def _ranks(duck: Duck, runs: Sequence[Run], label: str | None) -> Iterable[Notice]:
    for key, count, rho in duck.rows("runs/ranks", {"label": label}):
        both = sort_runs([run for run in runs if run.metric.key == key and run.scores["gap"] is not None], "when")
        by_cv, by_public = (max(both, key=partial(_merit, column)).run_id for column in SORTED_BY.values())
        told = f", Spearman's rho is {rho:.3f}" if count >= RHO_FROM and rho is not None else ""
        which = (
            f"best by CV is {by_cv}, best in public {by_public}" if by_cv != by_public else f"both put {by_cv} first"
        )
        of = f" of {both[0].metric.name}" if both[0].metric.name else ""
        yield Notice(
            "RUN104", f"CV and the public leaderboard{of} rank {count:,} runs in different orders{told}; {which}"
        )


def _merit(column: str, run: Run) -> float:
    return run.metric.merit(run.scores[column] or 0.0)


def _list(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _SHOWN:,} more" if len(labels) > _SHOWN else ""
    return ", ".join(labels[:_SHOWN]) + more
