"""Make a report from Python.

The function behind `pbl.report`; `reporting` does the work.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from pbl.api.arguments import as_limits, as_path, as_text, as_weights, named_pillars, select, several
from pbl.domain.errors import UsageError
from pbl.domain.extras import require_extra

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.api.arguments import AnyPath
    from pbl.reporting.report import Reported


def report(
    *paths: AnyPath,
    pillars: Mapping[str, AnyPath] | None = None,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    template: AnyPath | None = None,
    truth: AnyPath | None = None,
    metric: AnyPath | None = None,
    groups: Sequence[str] = (),
    logs: AnyPath | None = None,
    only: Sequence[str] = (),
    top: int = 10,
    title: str = "",
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: AnyPath | None = None,
) -> Reported:
    """Make a report as `pbl report` does, and return it; nothing is written before `save` is called.

    `chart("scores")` gives a chart to restyle, `to_json()` the numbers. Findings are in the report. Raises PblError
    where there is nothing to report.
    """
    require_extra("report", "pbl.report")
    from pbl._version import __version__
    from pbl.reporting.asking import ask
    from pbl.reporting.report import make_report

    if int(top) != top or top < 1:
        raise UsageError(f"top: {top!r} is not a whole number of 1 or more")
    folder = None if logs is None else as_path(logs, "logs")
    if folder is not None and not folder.is_dir():
        raise UsageError(f"logs: {folder} is not a folder")
    named = {name: as_path(path, f"pillars: {name!r}") for name, path in (pillars or {}).items()}
    asked, command = ask(
        lambda: select(paths, named, template, wanted=named_pillars(weights)),
        [as_path(path, "a path") for path in paths],
        named=list(named.items()),
        weights=lambda selection: as_weights(weights, selection),
        truth=None if truth is None else as_path(truth, "truth"),
        metric=as_text(metric),
        groups=several(groups, "groups"),
        logs=folder,
        only=several(only, "only"),
        top=int(top),
        title=title,
        version=__version__,
    )
    return make_report(asked, command, spill=Path(gettempdir()), limits=as_limits(threads, memory_limit, temp_dir))
