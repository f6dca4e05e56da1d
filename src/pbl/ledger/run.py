"""Know one run, and put runs side by side: in order, the best of them, what two differ in."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Literal

from pbl.ledger.log_format import COLUMNS, typed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.ledger._log_files import Fact

Order = Literal["when", "cv", "public"]
LOWER_IS_BETTER = (
    *("brier", "crps", "error", "logloss", "loss", "mae", "mape", "mcrmse", "medae", "mse", "pinball"),
    *("rmse", "rmsle", "msle", "smape", "wer", "cer", "deviance"),
)
"""Metrics with one of these in their name are better when lower, all others when higher."""


@dataclass(frozen=True, kw_only=True)
class Run:
    """A run of one pillar (or `blend`) and model: the row that logged it, and its newest scores."""

    base: Fact
    scores: Mapping[str, float | None]
    """By the columns of SCORES, and `gap`: CV minus public score."""

    @property
    def key(self) -> tuple[str, str, str]:
        """Return what its facts have in common."""
        return (self.base.run_id, self.base.cells.get("pillar", ""), self.base.cells.get("model", ""))

    @property
    def weights(self) -> Mapping[str, float] | None:
        """Return its shares by pillar, if it is a blend."""
        return typed("weights", self.base.cells.get("weights", "")) or None

    @property
    def lower_is_better(self) -> bool:
        """Say whether the better score of two is the lower."""
        metric = self.base.cells.get("metric", "").lower().replace("_", "").replace("-", "")
        return any(word in metric for word in LOWER_IS_BETTER)

    def value(self, column: str) -> Any:  # noqa: ANN401 - as JSON knows it
        """Return one of its values, by a log's column, `gap` or `file`; None if there is none."""
        if column in self.scores:
            return self.scores[column]
        match column:
            case "run_id" | "label":
                return getattr(self.base, column)
            case "logged_at":
                return self.base.when or None
            case "file":
                return str(self.base.file)
            case _:
                return typed(column, self.base.cells.get(column, ""))

    def to_json(self) -> dict[str, Any]:
        """Return the run in the public form."""
        return {column: self.value(column) for column in FIELDS}


FIELDS = (
    *("run_id", "logged_at", "label", "pillar", "model", "weights"),
    *("processed_cv", "full_cv", "public_score", "private_score", "gap", "submission_sha256", "file"),
)
"""What `runs --format json` says of each run."""


def ordered(runs: Sequence[Run], by: Order) -> list[Run]:
    """Return runs, the newest or the best first; those without a score come last."""
    first: dict[tuple[str, str], int] = {}
    for n, run in enumerate(runs):
        first.setdefault(_call(run), n)
    latest = sorted(runs, key=lambda run: (run.base.when, first[_call(run)]), reverse=True)
    if by == "when":
        return latest
    column = "processed_cv" if by == "cv" else "public_score"

    def rank(run: Run) -> tuple[bool, float]:
        score = run.scores[column]
        return (score is None, 0.0 if score is None else score if run.lower_is_better else -score)

    return sorted(latest, key=rank)


def best(runs: Sequence[Run], column: str) -> set[tuple[str, str, str]]:
    """Return the keys of the runs with the best score of their metric, where there is more than one to choose from."""
    by_metric: dict[str, list[tuple[float, Run]]] = {}
    for run in runs:
        score = run.scores[column]
        if score is not None:
            by_metric.setdefault(run.base.cells.get("metric", ""), []).append((score, run))
    found = set()
    for scored in by_metric.values():
        choose = min if scored[0][1].lower_is_better else max
        top = choose(score for score, _ in scored)
        if len(scored) > 1:
            found |= {run.key for score, run in scored if score == top}
    return found


def differences(one: Sequence[Run], other: Sequence[Run]) -> list[tuple[str, Any, Any]]:
    """Return what two runs differ in: the column (and pillar or model), and both values."""
    mine, theirs = main(one), main(other)
    found = _differ(mine, theirs, "")
    left = {run.key[1:]: run for run in one if run is not mine}
    right = {run.key[1:]: run for run in other if run is not theirs}
    for key in dict.fromkeys([*left, *right]):
        found += _differ(left.get(key), right.get(key), f"{'/'.join(key)}: ")
    return found


def main(runs: Sequence[Run]) -> Run:
    """Return the run that was submitted, of those that were logged in one call; else the first."""
    return next((run for run in runs if run.base.cells.get("submission_sha256")), runs[0])


def _call(run: Run) -> tuple[str, str]:
    """Return what the rows of one call have in common; of an old log all rows."""
    return (str(run.base.file), run.base.cells.get("run_id", ""))


def _differ(one: Run | None, other: Run | None, prefix: str) -> list[tuple[str, Any, Any]]:
    found = []
    for column in (*COLUMNS, "gap"):
        if column in {"run_id", "logged_at"}:
            continue
        a, b = (run and run.value(column) for run in (one, other))
        if column in {"weights", "inputs"}:
            a, b = a or {}, b or {}
            names = [*a, *(name for name in b if name not in a)]
            found += [(f"{prefix}{column}.{n}", a.get(n), b.get(n)) for n in names if a.get(n) != b.get(n)]
        elif a != b:
            found.append((prefix + column, a, b))
    return found
