"""The scores from Kaggle's earlier listings, by run, so that no score is imported twice.

`import_scores` looks up each submission of a listing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.run_row import KAGGLE, RunRow
from pbl.kaggle.submissions import Listed
from pbl.ledger.run import main

if TYPE_CHECKING:
    from collections.abc import Sequence
    from datetime import datetime

    from pbl.ledger.history import History
    from pbl.ledger.run import Run

_RUN = re.compile(r"(?<![0-9A-Za-z])pbl:([0-9A-Za-z]+(?:-[0-9A-Za-z]+)*)")


class KnownScores:
    """The runs by id, and Kaggle's scores of each."""

    def __init__(self, history: History) -> None:
        self._runs: dict[str, list[Run]] = {}
        for run in history.runs:
            self._runs.setdefault(run.run_id, []).append(run)
        self._told: dict[str, list[_Told]] = {}
        for fact in history.facts:
            if fact.row.method == KAGGLE:
                self._told.setdefault(fact.row.run_id, []).append(_Told.of(fact.row))

    def run_of(self, description: str) -> Run | str:
        """Return the run that a description names, or why it names none."""
        ids = list(dict.fromkeys(_RUN.findall(description)))
        if not ids:
            return "names no run"
        if len(ids) > 1:
            return f"names {len(ids)} runs"
        return main(self._runs[ids[0]]) if ids[0] in self._runs else f"the logs have no run {ids[0]}"

    def has(self, run: Run, row: Listed) -> bool:
        """Return whether the logs have a score already."""
        mine = _Told.of(row)
        return any(mine.is_told_by(other) for other in self._told.get(run.run_id, ()))

    def differ(self, run: Run, row: Listed, listed: Sequence[Listed]) -> bool:
        """Return whether a run has other scores from Kaggle, so that it matters which one is the newest."""
        mine = _Told.of(row)
        there = [*self._told.get(run.run_id, ()), *map(_Told.of, listed)]
        return any((other.public, other.private) != (mine.public, mine.private) for other in there)

    def add(self, run: Run, row: Listed) -> None:
        """Add a score to the known ones."""
        self._told.setdefault(run.run_id, []).append(_Told.of(row))


@dataclass(frozen=True, kw_only=True)
class _Told:
    """Kaggle's facts about one submission, from this listing or an earlier one."""

    ref: str
    at: datetime | None
    public: float | None
    private: float | None

    @classmethod
    def of(cls, row: RunRow | Listed) -> _Told:
        if isinstance(row, Listed):
            return cls(ref=row.ref, at=row.at, public=row.public, private=row.private)
        return cls(ref=row.kaggle_ref, at=row.logged_at, public=row.public_score, private=row.private_score)

    def is_told_by(self, other: _Told) -> bool:
        """Return whether another is of the same submission with the same scores: compared by ref, else by date."""
        by_date = self.at == other.at or not (self.ref or self.at)
        same = self.ref == other.ref if self.ref and other.ref else by_date
        return same and self.public in {None, other.public} and self.private in {None, other.private}
