"""Append the scores that Kaggle lists, or that are given by hand, to the runs they belong to; no row is rewritten.

The last step of the pipeline: a run that was logged, packed and submitted gets its leaderboard scores.
"""

from __future__ import annotations

import os
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import UsageError
from pbl.domain.run_row import BY_HAND, COLUMNS, KAGGLE, RunRow
from pbl.domain.values import stamp
from pbl.kaggle.submissions import read_listing
from pbl.ledger._known_scores import KnownScores
from pbl.ledger.history import read_history
from pbl.ledger.log_format import log_path
from pbl.ledger.row_codec import encode_row
from pbl.ledger.run import main
from pbl.storage.append_log import Appended, append_rows
from pbl.storage.files import open_folder
from pbl.storage.locks import lock

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from datetime import datetime
    from pathlib import Path

    from pbl.kaggle.submissions import Listed
    from pbl.ledger.history import History
    from pbl.ledger.run import Run


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
    """The outcome of an import; `already` counts scores that the logs had before."""

    listed: int
    scores: tuple[Score, ...]
    already: int
    without_score: tuple[str, ...]
    """Submissions of known runs that have no score, each with its status."""
    unmatched: tuple[str, ...]
    """Submissions that name no run, more than one, or one that the logs don't have."""
    unread: tuple[str, ...]
    """The parts of the listing that could not be read."""
    troubles: tuple[str, ...]
    """The parts of the logs that could not be read."""
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

    Each score is appended to the log of its run, unless it is there already. Raises InputError if `data` is not such a
    listing, and LogError if a log can't take a row.
    """
    listing = read_listing(data, name)
    with _lock_imports(logs):
        history = read_history(logs, spill=spill)
        known = KnownScores(history)
        taken: list[tuple[Run, RunRow]] = []
        already = 0
        without: list[str] = []
        unmatched: list[str] = []
        scored: list[tuple[Run, Listed]] = []
        for each in sorted(listing.rows, key=lambda row: row.age):
            run = known.run_of(each.description)
            if isinstance(run, str):
                unmatched.append(f"{each}: {run}")
            elif each.public is None and each.private is None:
                without.append(f"{each}: {each.status or 'no score yet'} (run {run.run_id})")
            else:
                scored.append((run, each))
        doubtful = []
        for run, each in scored:
            others = [row for other, row in scored if other is run]
            if known.has(run, each):
                already += 1
            elif not each.ref and each.at is None and known.differ(run, each, others):
                doubtful.append(f"{name}: {each.where}: {_doubt(run, each)}")
            else:
                taken.append((run, _from_kaggle(run, each, now)))
                known.add(run, each)
        files, appended = _append(taken, history, logs, now)
    return Imported(
        listed=len(listing.rows),
        scores=tuple(_score(row, file) for (_, row), file in zip(taken, files, strict=True)),
        already=already,
        without_score=tuple(without),
        unmatched=tuple(unmatched),
        unread=(*listing.unread, *doubtful),
        troubles=tuple(trouble.message for trouble in history.troubles),
        appended=appended,
    )


def score_run(
    text: str, *, public: float | None, private: float | None, logs: Path, now: datetime, spill: Path
) -> Imported:
    """Give a run, named as `History.find` takes it, its scores by hand, unless it has them already."""
    if public is None and private is None:
        raise UsageError("give --public, --private or both")
    with _lock_imports(logs):
        history = read_history(logs, spill=spill)
        run = main(history.find(text))
        same = all(
            value is None or value == run.scores[column]
            for column, value in (("public_score", public), ("private_score", private))
        )
        row = _later(run, method=BY_HAND, public=public, private=private, at=now.replace(microsecond=0))
        taken = [] if same else [(run, row)]
        files, appended = _append(taken, history, logs, now)
    return Imported(
        listed=1,
        scores=tuple(_score(row, file) for file in files),
        already=int(same),
        without_score=(),
        unmatched=(),
        unread=(),
        troubles=tuple(trouble.message for trouble in history.troubles),
        appended=appended,
    )


def _doubt(run: Run, row: Listed) -> str:
    given = {"--public": row.public, "--private": row.private}
    flags = " ".join(f"{flag} {score!r}" for flag, score in given.items() if score is not None)
    told = f"neither ref nor date tells whether it is the newest score of run {run.run_id}"
    return f"{told}; if it is: pbl runs score {run.run_id} {flags}"


def _from_kaggle(run: Run, listed: Listed, now: datetime) -> RunRow:
    return _later(
        run,
        method=KAGGLE,
        public=listed.public,
        private=listed.private,
        at=listed.at,
        ref=listed.ref,
        notes=f"imported {stamp(now.replace(microsecond=0))}",
    )


def _later(
    run: Run,
    *,
    method: str,
    public: float | None,
    private: float | None,
    at: datetime | None,
    ref: str = "",
    notes: str = "",
) -> RunRow:
    """Return a later score's row: the run's pillar and model, and no other of the columns that old readers know."""
    return RunRow(
        pillar=run.base.row.pillar,
        model=run.base.row.model,
        public_score=public,
        private_score=private,
        metric=run.base.row.metric,
        run_id=run.run_id,
        logged_at=at,
        label=run.label,
        method=method,
        kaggle_ref=ref,
        notes=notes,
    )


def _append(
    taken: Sequence[tuple[Run, RunRow]], history: History, logs: Path, now: datetime
) -> tuple[list[Path], tuple[Appended, ...]]:
    """Append each row to its run's own log, or to today's if that one has other columns (an old log)."""
    files = []
    by_file: dict[Path, list[list[str]]] = {}
    for run, row in taken:
        own = run.base.file
        file = own if history.headers[own] == COLUMNS else log_path(logs, now, run.label)
        files.append(file)
        by_file.setdefault(file, []).append(encode_row(row))
    return files, tuple(append_rows(file, header=COLUMNS, rows=rows) for file, rows in by_file.items())


def _score(row: RunRow, file: Path) -> Score:
    return Score(
        run_id=row.run_id,
        public=row.public_score,
        private=row.private_score,
        date=stamp(row.logged_at) if row.method == KAGGLE and row.logged_at else None,
        ref=row.kaggle_ref or None,
        file=file,
    )


@contextmanager
def _lock_imports(logs: Path) -> Iterator[None]:
    """Keep other processes from importing at the same time: both would find the same scores new.

    The folder above the logs is locked, because appending locks the logs' folder and files.
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
