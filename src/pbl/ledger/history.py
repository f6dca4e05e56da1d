"""Read all runs back from the logs: each with its newest scores, and what is worth a second look over all of them."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, NamedTuple

from pbl.domain.errors import UsageError
from pbl.domain.limits import Limits
from pbl.domain.values import moment
from pbl.engine.duck import open_duck
from pbl.ledger._log_files import Fact, Trouble, read_logs
from pbl.ledger.file_status import changed_inputs
from pbl.ledger.log_format import KAGGLE, SCORES
from pbl.ledger.run import Run, ordered

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pbl.engine.duck import Duck

RHO_FROM = 5
"""Runs that it takes for a rank correlation to mean something."""
_SHOWN = 5


class Notice(NamedTuple):
    """What is worth a second look.

    RUN101 same-submission, RUN102 same-scores, RUN103 inputs-changed, RUN104 ranks-disagree.
    """

    code: str
    message: str


@dataclass(frozen=True, kw_only=True)
class History:
    """All runs, in the order of the logs."""

    runs: tuple[Run, ...]
    facts: tuple[Fact, ...]
    warnings: tuple[Notice, ...]
    troubles: tuple[Trouble, ...]
    """What of the logs could not be read."""

    def facts_of(self, run_id: str) -> list[Fact]:
        """Return all rows of a run, in the order of the logs."""
        return [fact for fact in self.facts if fact.run_id == run_id]

    def find(self, text: str) -> list[Run]:
        """Return the runs of one run id, which may be cut short; raise UsageError if it is none or many."""
        wanted = text.removeprefix("pbl:")
        ids = dict.fromkeys(run.base.run_id for run in reversed(self.runs) if run.base.run_id.startswith(wanted))
        if not wanted or not ids:
            newest = list(dict.fromkeys(run.base.run_id for run in reversed(self.runs)))
            there = f"the last ones are {', '.join(newest[:_SHOWN])}" if newest else "the logs hold none"
            raise UsageError(f"no run {text!r}; {there}")
        if wanted not in ids and len(ids) > 1:
            shown = ", ".join(list(ids)[:_SHOWN])
            more = f" and {len(ids) - _SHOWN:,} more" if len(ids) > _SHOWN else ""
            raise UsageError(f"{text!r} could be any of {len(ids):,} runs: {shown}{more}; write more of it")
        chosen = wanted if wanted in ids else next(iter(ids))
        return [run for run in self.runs if run.base.run_id == chosen]


def read_history(logs: Path, *, spill: Path, look: bool = False) -> History:
    """Read every log of a folder, and ask DuckDB for each run's newest scores and for what looks wrong.

    With `look` the runs' input files are looked at too. `spill` is where a private folder may be made.
    """
    read = read_logs(logs)
    if not read.facts:
        return History(runs=(), facts=(), warnings=(), troubles=tuple(read.troubles))
    with open_duck({}, Limits(threads=1), size=0, spill=spill) as duck:
        duck.run("runs/runs", {"facts": _columns(read.facts)})
        runs = tuple(
            Run(base=read.facts[n], scores=dict(zip((*SCORES, "gap"), scores, strict=True)))
            for n, *scores in duck.rows("runs/listed_runs")
        )
        warnings = [*_same_submissions(duck), *_same_scores(duck), *_ranks(duck, runs)]
    if look:
        rows = [(run.base.run_id, run.base.cells) for run in runs]
        warnings += [Notice("RUN103", told) for told in changed_inputs(rows, logs)]
    return History(runs=runs, facts=tuple(read.facts), warnings=tuple(sorted(warnings)), troubles=tuple(read.troubles))


def _columns(facts: Sequence[Fact]) -> str:
    """Return the facts as the JSON that runs.sql reads: much faster to hand over than rows."""
    cells = [fact.cells for fact in facts]
    table: dict[str, list[Any]] = {
        "n": list(range(len(facts))),
        "run_id": [fact.run_id for fact in facts],
        "pillar": [each.get("pillar", "") for each in cells],
        "model": [each.get("model", "") for each in cells],
        "label": [fact.label for fact in facts],
        "metric": [each.get("metric", "") for each in cells],
        "sha256": [each.get("submission_sha256", "") for each in cells],
        "later": [fact.later for fact in facts],
        "dated": [_kaggle_date(fact) for fact in facts],
    }
    table |= {
        name: [fact.scores[at] for fact in facts] for at, name in enumerate(("cv", "full_cv", "public", "private"))
    }
    return json.dumps(table, allow_nan=False)


def _kaggle_date(fact: Fact) -> int | None:
    at = moment(fact.when) if fact.cells.get("method") == KAGGLE and fact.when else None
    return None if at is None else round(at.timestamp() * 1e6)


def _same_submissions(duck: Duck) -> Iterable[Notice]:
    for sha256, labels, runs in duck.rows("runs/same_submissions"):
        yield Notice(
            "RUN101", f"{runs:,} runs are the same submission (sha256 {sha256[:12]}) under the labels {_list(labels)}"
        )


def _same_scores(duck: Duck) -> Iterable[Notice]:
    for labels, rows, pillar, model, cv in duck.rows("runs/same_scores"):
        said = "row is" if rows == 1 else "rows are"
        yield Notice(
            "RUN102",
            f"{rows:,} score {said} the same under the labels {_list(labels)}: {pillar},{model},{cv!r}"
            f"{' and more' if rows > 1 else ''}; was one log copied from another?",
        )


def _ranks(duck: Duck, runs: Sequence[Run]) -> Iterable[Notice]:
    for metric, count, rho in duck.rows("runs/ranks"):
        both = [r for r in runs if r.base.cells.get("metric", "") == metric and r.scores["gap"] is not None]
        by_cv, by_public = (ordered(both, by)[0].base.run_id for by in ("cv", "public"))
        told = f", Spearman's rho is {rho:.3f}" if count >= RHO_FROM and rho is not None else ""
        which = (
            f"best by CV is {by_cv}, best in public {by_public}" if by_cv != by_public else f"both put {by_cv} first"
        )
        of = f" of {metric}" if metric else ""
        yield Notice(
            "RUN104", f"CV and the public leaderboard{of} rank {count:,} runs in different orders{told}; {which}"
        )


def _list(labels: Sequence[str]) -> str:
    more = f" and {len(labels) - _SHOWN:,} more" if len(labels) > _SHOWN else ""
    return ", ".join(labels[:_SHOWN]) + more
