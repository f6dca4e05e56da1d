"""Log runs and list them from Python."""

from __future__ import annotations

import os
from datetime import UTC, datetime
from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from pbl.api.arguments import (
    finite,
)
from pbl.domain.errors import UsageError
from pbl.ledger.log_run import Scores, Surroundings
from pbl.ledger.log_run import log_run as _log_run
from pbl.ledger.run import SORTED_BY
from pbl.ledger.run_list import list_runs
from pbl.project.find_toml import find_settings

if TYPE_CHECKING:
    from pbl.api.arguments import AnyPath
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
