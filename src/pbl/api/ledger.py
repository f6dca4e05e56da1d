"""Log runs and list them from Python.

The functions behind `pbl.log_run`, `pbl.runs` and `pbl.best_run`; `ledger` does the work.
"""

from __future__ import annotations

import os
from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from pbl.api.arguments import (
    finite,
)
from pbl.domain.errors import UsageError
from pbl.ledger.best_run import COLUMNS, copy_submission, find_best
from pbl.ledger.history import read_history
from pbl.ledger.log_run import Scores, Surroundings
from pbl.ledger.log_run import log_run as _log_run
from pbl.ledger.run import SORTED_BY
from pbl.ledger.run_list import list_runs
from pbl.project.find_toml import find_settings

if TYPE_CHECKING:
    from pbl.api.arguments import AnyPath
    from pbl.ledger.best_run import Best, By
    from pbl.ledger.log_run import Logged
    from pbl.ledger.run import Order
    from pbl.ledger.run_list import RunList


def log_run(
    submission: AnyPath | None = None,
    *,
    label: str,
    cv: float | None = None,
    full_cv: float | None = None,
    public: float | None = None,
    private: float | None = None,
    metric: str = "",
    notes: str = "",
    pillar: str | None = None,
    model: str | None = None,
    scores: AnyPath | None = None,
    logs: AnyPath = "run_logs",
    now: datetime | None = None,
) -> Logged:
    """Log a run as `pbl log-run` does, and return it; `scores` is a pillar's own score table, `now` an aware moment.

    Raises PblError, and logs nothing, if there is nothing to log or it can't be logged.
    """
    from pbl._version import __version__

    path = None if submission is None else Path(submission)
    if path is None and pillar is None and scores is None and Path("submission.csv").exists():
        path = Path("submission.csv")
    if now is not None and now.tzinfo is None:
        raise UsageError("now: has no time zone; datetime.now(UTC) has one")
    moment = datetime.now(UTC) if now is None else now.astimezone(UTC)
    return _log_run(
        path,
        label=label,
        logs=Path(logs),
        surroundings=Surroundings.of(os.environ, now=moment, version=__version__),
        scores=Scores(cv=finite(cv), full_cv=finite(full_cv), public=finite(public), private=finite(private)),
        metric=metric,
        notes=notes,
        pillar=pillar,
        model=model,
        table=None if scores is None else Path(scores),
    )


def best_run(
    *,
    pillar: str | None = None,
    label: str | None = None,
    by: By = "cv",
    greater_is_better: bool | None = None,
    output: AnyPath | None = None,
    search: AnyPath | None = None,
    force: bool = False,
    logs: AnyPath = "run_logs",
) -> Best:
    """Return the logged run with the best score as `pbl runs best` does; with `output` its submission is copied there.

    `by` is "cv", "full_cv", "public" or "private". Raises PblError if there is no such run, or if no file, where it was
    logged from or in the folder `search`, has the submission's bytes any more.
    """
    if by not in COLUMNS:
        raise UsageError(f"by: {by!r} is not one of {', '.join(COLUMNS)}")
    if output is None and (search is not None or force):
        raise UsageError("search and force go with output")
    history = read_history(Path(logs), spill=Path(gettempdir()), metric=find_settings(Path()).metric)
    found = find_best(history.runs, by=by, pillar=pillar, label=label, greater_is_better=greater_is_better)
    if output is None:
        return found
    folder = None if search is None else Path(search)
    copied = copy_submission(found, Path(logs), Path(output), search=folder, force=force)
    return replace(found, output=copied)


def runs(
    *,
    logs: AnyPath = "run_logs",
    label: str | None = None,
    sort: Order = "when",
) -> RunList:
    """List the logged runs as `pbl runs` does, the newest or the best (`sort` by "cv" or "public") first.

    Raises PblError if the folder of the logs can't be listed, or `pbl.toml` can't be read.
    """
    if sort not in {"when", *SORTED_BY}:
        raise UsageError(f"sort: {sort!r} is not one of when, {', '.join(SORTED_BY)}")
    return list_runs(Path(logs), spill=Path(gettempdir()), label=label, order=sort, metric=find_settings(Path()).metric)
