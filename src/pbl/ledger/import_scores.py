"""Append the scores that Kaggle lists, or that are given by hand, to the runs they belong to; no row is rewritten."""

from __future__ import annotations

import os
import re
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import InputError, UsageError
from pbl.domain.values import decimal, moment, stamp
from pbl.kaggle.submissions import Listed, read_listing
from pbl.ledger.history import History, read_history
from pbl.ledger.log_format import BY_HAND, COLUMNS, KAGGLE, log_path, written
from pbl.ledger.run import main
from pbl.reading.tolerant import take_apart
from pbl.storage.append_log import Appended, append_rows
from pbl.storage.files import open_folder, read_bytes
from pbl.storage.locks import lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    from pbl.ledger.run import Run

_RUN = re.compile(r"(?<![0-9A-Za-z])pbl:([0-9A-Za-z]+(?:-[0-9A-Za-z]+)*)")


@dataclass(frozen=True, kw_only=True)
class Score:
    """A fact that was appended to a run."""

    run_id: str
    public: float | None
    private: float | None
    date: str | None
    """Kaggle's own, None if the score was given by hand."""
    ref: str | None
    file: Path

    def to_json(self) -> dict[str, Any]:
        """Return it in the public form."""
        return {
            "run_id": self.run_id,
            "public_score": self.public,
            "private_score": self.private,
            "date": self.date,
            "kaggle_ref": self.ref,
            "file": str(self.file),
        }


@dataclass(frozen=True, kw_only=True)
class Imported:
    """What an import came to; `already` counts scores that the logs had."""

    listed: int
    scores: tuple[Score, ...]
    already: int
    without_score: tuple[str, ...]
    """Submissions of known runs that have no score, each with its status."""
    unmatched: tuple[str, ...]
    """Submissions that name no run, more than one, or one that the logs don't have."""
    unread: tuple[str, ...]
    """What of the listing could not be read."""
    troubles: tuple[str, ...]
    """What of the logs could not be read."""
    appended: tuple[Appended, ...]

    def to_json(self) -> dict[str, Any]:
        """Return it in the public form."""
        return {
            "listed": self.listed,
            "imported": [score.to_json() for score in self.scores],
            "already": self.already,
            "without_score": list(self.without_score),
            "unmatched": list(self.unmatched),
            "unread": list(self.unread),
            "troubles": list(self.troubles),
        }


def import_scores(data: bytes, *, name: str, logs: Path, now: datetime, spill: Path) -> Imported:
    """Import what `kaggle competitions submissions COMP --csv` or `--format json` printed.

    Each score is appended to the log of its run, unless it is there already. Raises InputError if `data` is no such
    listing, and LogError if a log can't take a row.
    """
    listing = read_listing(data, name)
    with _alone(logs):
        history = read_history(logs, spill=spill)
        known = _Known(history)
        taken: list[tuple[Run, Listed]] = []
        already = 0
        without: list[str] = []
        unmatched: list[str] = []
        for each in sorted(listing.rows, key=lambda row: row.at.timestamp() if row.at else 0.0):
            run = known.run(each.description)
            if isinstance(run, str):
                unmatched.append(f"{each}: {run}")
            elif each.public is None and each.private is None:
                without.append(f"{each}: {each.status or 'no score yet'} (run {run.base.run_id})")
            elif known.add(run, _identity(each)):
                taken.append((run, each))
            else:
                already += 1
        facts = [(run, _cells(run, each, now)) for run, each in taken]
        appended = _append(facts, logs, now)
    return Imported(
        listed=len(listing.rows),
        scores=tuple(
            _score(run, cells, file) for (run, cells), file in zip(facts, _files(facts, logs, now), strict=True)
        ),
        already=already,
        without_score=tuple(without),
        unmatched=tuple(unmatched),
        unread=listing.unread,
        troubles=tuple(trouble.message for trouble in history.troubles),
        appended=appended,
    )


def score_run(
    text: str, *, public: float | None, private: float | None, logs: Path, now: datetime, spill: Path
) -> Imported:
    """Give a run (its id, or the beginning of it) its scores by hand, unless it has them already."""
    if public is None and private is None:
        raise UsageError("give --public, --private or both")
    with _alone(logs):
        history = read_history(logs, spill=spill)
        run = main(history.find(text))
        same = all(
            value is None or value == run.scores[column]
            for column, value in (("public_score", public), ("private_score", private))
        )
        cells = _later(run, BY_HAND, public, private) | {"logged_at": stamp(now.replace(microsecond=0))}
        facts = [] if same else [(run, cells)]
        appended = _append(facts, logs, now)
    scores = tuple(_score(run, cells, file) for file in _files(facts, logs, now))
    return Imported(
        listed=1,
        scores=scores,
        already=int(same),
        without_score=(),
        unmatched=(),
        unread=(),
        troubles=tuple(trouble.message for trouble in history.troubles),
        appended=appended,
    )


_Identity = tuple[str, int | None, float | None, float | None]


class _Known:
    """The runs by id, and the facts that are in the logs."""

    def __init__(self, history: History) -> None:
        self._runs: dict[str, list[Run]] = {}
        for run in history.runs:
            self._runs.setdefault(run.base.run_id, []).append(run)
        self._facts: set[tuple[str, _Identity]] = set()
        for fact in history.facts:
            if fact.cells.get("method") == KAGGLE:
                at = moment(fact.when) if fact.when else None
                identity = (fact.cells.get("kaggle_ref", ""), _micros(at), fact.scores[2], fact.scores[3])
                self._facts.add((fact.run_id, identity))

    def run(self, description: str) -> Run | str:
        """Return the run that a description names, or why it is none."""
        ids = list(dict.fromkeys(_RUN.findall(description)))
        if not ids:
            return "names no run"
        if len(ids) > 1:
            return f"names {len(ids)} runs"
        return main(self._runs[ids[0]]) if ids[0] in self._runs else f"the logs have no run {ids[0]}"

    def add(self, run: Run, identity: _Identity) -> bool:
        """Note a fact, and say whether it is a new one; an export without `ref` knows the same fact by its date."""
        ref, *rest = identity
        which = run.base.run_id
        there = {each for who, (each, *others) in self._facts if who == which and others == rest}
        self._facts.add((which, identity))
        return not (there and (ref in there or not ref or "" in there))


def _identity(row: Listed) -> _Identity:
    return (row.ref, _micros(row.at), row.public, row.private)


def _micros(at: datetime | None) -> int | None:
    return None if at is None else round(at.timestamp() * 1e6)


def _cells(run: Run, row: Listed, now: datetime) -> dict[str, str]:
    return _later(run, KAGGLE, row.public, row.private) | {
        "logged_at": "" if row.at is None else stamp(row.at),
        "kaggle_ref": row.ref,
        "notes": f"imported {stamp(now.replace(microsecond=0))}",
    }


def _later(run: Run, method: str, public: float | None, private: float | None) -> dict[str, str]:
    """Return a fact's cells: the run's pillar and model, and no other of the columns that old readers know."""
    own = {column: run.base.cells.get(column, "") for column in ("pillar", "model", "metric")}
    scores = {"public_score": public, "private_score": private}
    return (
        dict.fromkeys(COLUMNS, "")
        | own
        | {"run_id": run.base.run_id, "label": run.base.label, "method": method}
        | {column: repr(score) for column, score in scores.items() if score is not None}
    )


def _score(run: Run, cells: Mapping[str, str], file: Path) -> Score:
    return Score(
        run_id=run.base.run_id,
        public=decimal(cells["public_score"]),
        private=decimal(cells["private_score"]),
        date=(cells["logged_at"] or None) if cells["method"] == KAGGLE else None,
        ref=cells["kaggle_ref"] or None,
        file=file,
    )


def _files(facts: Sequence[tuple[Run, Mapping[str, str]]], logs: Path, now: datetime) -> list[Path]:
    """Return where each fact goes: the run's own log, or today's if that one has other columns (an old log)."""
    takes: dict[Path, bool] = {}
    files = []
    for run, _ in facts:
        own = run.base.file
        if own not in takes:
            try:
                takes[own] = take_apart(read_bytes(own)).header == COLUMNS
            except InputError:
                takes[own] = False
        files.append(own if takes[own] else log_path(logs, now, run.base.label))
    return files


def _append(facts: Sequence[tuple[Run, Mapping[str, str]]], logs: Path, now: datetime) -> tuple[Appended, ...]:
    by_file: dict[Path, list[list[str]]] = {}
    for (_, cells), file in zip(facts, _files(facts, logs, now), strict=True):
        by_file.setdefault(file, []).append([written(column, cells[column]) for column in COLUMNS])
    return tuple(append_rows(file, header=COLUMNS, rows=rows) for file, rows in by_file.items())


@contextmanager
def _alone(logs: Path) -> Iterator[None]:
    """Keep others from importing at the same time: both would find the same scores new.

    The folder above the logs is locked, as the appending needs the locks of the logs' folder and files.
    """
    fd = None
    with suppress(OSError):
        fd = open_folder(logs.absolute().parent)
        lock(fd)
    try:
        yield
    finally:
        if fd is not None:
            os.close(fd)
