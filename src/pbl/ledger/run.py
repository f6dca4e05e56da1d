"""A run as a value, and runs side by side: their order, the best of them, the differences of two.

`history` makes runs of the logs' rows; `run_list` and `runs diff` compare them.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pbl.domain.card import make_card
from pbl.domain.run_row import COLUMNS, OBJECTS

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.metrics import Metric
    from pbl.ledger.facts import Fact

Order = Literal["when", "cv", "public"]
SORTED_BY: Mapping[Order, str] = {"cv": "processed_cv", "public": "public_score"}
"""The score by which runs are sorted."""
Key = tuple[str, str, str]


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of one pillar (or `blend`) and model: the row that logged it, and its newest scores."""

    base: Fact
    scores: Mapping[str, float | None]
    """By the columns of SCORES, and `gap`: CV minus public score."""
    metric: Metric

    @property
    def run_id(self) -> str:
        """Return its id, which all rows of one call share."""
        return self.base.row.run_id

    @property
    def label(self) -> str:
        """Return the label it was logged under."""
        return self.base.row.label

    @property
    def key(self) -> Key:
        """Return the key that its facts share."""
        return (self.run_id, self.base.row.pillar, self.base.row.model)

    @property
    def weights(self) -> Mapping[str, float] | None:
        """Return its shares by pillar, if it is a blend."""
        return self.base.row.weights or None

    def merit(self, column: str) -> float | None:
        """Return a number that is greater for a better score, None without a score."""
        score = self.scores[column]
        return None if score is None else self.metric.merit(score)

    def value(self, column: str) -> Any:  # noqa: ANN401 - as JSON knows it
        """Return one of its values, by a log's column, `gap` or `file`; None if there is none."""
        if column in self.scores:
            return self.scores[column]
        match column:
            case "run_id" | "label":
                return getattr(self.base.row, column)
            case "logged_at":
                return self.base.when or None
            case "file":
                return str(self.base.file)
            case _:
                return self.base.row.value(column)

    def _repr_html_(self) -> str:
        """Return a card for a notebook: its scores and shares."""
        names = {"processed_cv": "CV", "full_cv": "full CV", "public_score": "public", "private_score": "private"}
        numbers: list[tuple[str, str | float | None]] = [
            (names.get(column, column), score) for column, score in self.scores.items()
        ]
        numbers += [(f"share of {name}", share) for name, share in (self.weights or {}).items()]
        said = " ".join(part for part in (self.run_id, self.label, self.base.when) if part)
        return make_card("Run", said, numbers)

    def to_json(self) -> dict[str, Any]:
        """Return the run in the public form."""
        return {column: self.value(column) for column in FIELDS}


FIELDS = (
    *("run_id", "logged_at", "label", "pillar", "model", "weights"),
    *("processed_cv", "full_cv", "public_score", "private_score", "gap", "submission_sha256", "file"),
)
"""The fields of each run in `runs --format json`."""


def sort_runs(runs: Sequence[Run], by: Order) -> list[Run]:
    """Return runs, the newest or the best first; those without a score come last."""
    places = _places(runs)
    latest = [runs[n] for n in sorted(range(len(runs)), key=places.__getitem__, reverse=True)]
    if by == "when":
        return latest
    column = SORTED_BY[by]

    def rank(run: Run) -> tuple[bool, float]:
        merit = run.merit(column)
        return (merit is None, 0.0 if merit is None else -merit)

    return sorted(latest, key=rank)


def earliest_first(runs: Sequence[Run]) -> list[Run]:
    """Return runs, the oldest first; those of one call in the order of its rows."""
    places = _places(runs)
    return [runs[n] for n in sorted(range(len(runs)), key=places.__getitem__)]


def best(runs: Sequence[Run], column: str) -> frozenset[Key]:
    """Return the keys of the runs with the best score of their metric, if there is more than one run with a score.

    A metric has no best if it isn't known which score is better.
    """
    by_metric: dict[str, list[Run]] = {}
    for run in runs:
        if run.scores[column] is not None and run.metric.sense is not None:
            by_metric.setdefault(run.metric.key, []).append(run)
    found: set[Key] = set()
    for scored in by_metric.values():
        if len(scored) > 1:
            merits = [scored[0].metric.merit(run.scores[column] or 0.0) for run in scored]
            top = max(merits)
            found |= {run.key for run, merit in zip(scored, merits, strict=True) if merit == top}
    return frozenset(found)


def differences(one: Sequence[Run], other: Sequence[Run]) -> list[tuple[str, Any, Any]]:
    """Return the differences of two runs: the column (and pillar or model), and both values."""
    mine, theirs = main(one), main(other)
    found = _differ(mine, theirs, "")
    left = {run.key[1:]: run for run in one if run is not mine}
    right = {run.key[1:]: run for run in other if run is not theirs}
    for key in dict.fromkeys([*left, *right]):
        found += _differ(left.get(key), right.get(key), f"{'/'.join(key)}: ")
    return found


def main(runs: Sequence[Run]) -> Run:
    """Return the run that was submitted, of those that were logged in one call; else the first."""
    return next((run for run in runs if run.base.row.submission_sha256), runs[0])


def _places(runs: Sequence[Run]) -> list[tuple[str, int]]:
    """Return the key that sorts runs by when they were logged; all rows of a call share it."""
    calls = [(str(run.base.file), run.base.call) for run in runs]
    first = {call: n for n, call in reversed([*enumerate(calls)])}
    return [(run.base.when, first[call]) for run, call in zip(runs, calls, strict=True)]


def _differ(one: Run | None, other: Run | None, prefix: str) -> list[tuple[str, Any, Any]]:
    found = []
    for column in (*COLUMNS, "gap"):
        if column in {"run_id", "logged_at"}:
            continue
        a, b = (run and run.value(column) for run in (one, other))
        if column in OBJECTS:
            a, b = a or {}, b or {}
            names = [*a, *(name for name in b if name not in a)]
            found += [(f"{prefix}{column}.{n}", a.get(n), b.get(n)) for n in names if a.get(n) != b.get(n)]
        elif a != b:
            found.append((prefix + column, a, b))
    return found
