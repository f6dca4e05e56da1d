"""Turn what the user named into the sources of a report: pillars, out-of-fold files, and the command to make it again.

The first step of a report, for the terminal and for Python.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.errors import NoOofError, NoPillarsError
from pbl.domain.settings import MetricSettings
from pbl.project.find_toml import find_settings
from pbl.project.oof_files import OOF, select_oof
from pbl.project.pillar_files import parse_argument
from pbl.reporting.material import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from pbl.domain.pillars import Selection
    from pbl.project.oof_files import OofSelection

_LOGS = Path("run_logs")


def ask(
    select: Callable[[], Selection],
    given: Sequence[str | Path],
    *,
    named: Sequence[tuple[str, Path]] = (),
    weights: Callable[[Selection], Sequence[float] | Mapping[str, float] | None] = lambda _: None,
    truth: Path | None = None,
    metric: str | None = None,
    groups: Sequence[str] = (),
    logs: Path | None = None,
    only: Iterable[str] = (),
    top: int = 10,
    title: str = "",
    version: str,
    theme: str | None = None,
) -> tuple[Asked, list[str]]:
    """Return the request, and the words of the command that makes it in the folder of the files.

    `select` finds the pillars; without any, the report is about the runs only. Raises UsageError and InputError.
    """
    try:
        selection = select()
    except NoPillarsError:
        if truth is not None:
            raise
        selection = None
    oof, why = (None, "no pillars are named") if selection is None else _find_oof(selection, given, named, truth)
    settings = selection.settings.metric if selection and selection.settings.path else _metric()
    asked = Asked(
        selection=selection,
        weights=None if selection is None else weights(selection),
        oof=oof,
        unjudged=why,
        metric=metric,
        groups=tuple(groups),
        logs=logs or _LOGS,
        settings=settings,
        only=frozenset(only),
        top=top,
        title=title,
        version=version,
    )
    pillars = selection.pillars if selection else ()
    words = [f"{pillar.name}={pillar.path.name}" for pillar in pillars]
    if any(pillar.members for pillar in pillars):
        words = []  # only pbl.toml can name several files for one pillar, and it is read if no argument is given
    given_weights = asked.weights
    if given_weights is not None and selection is not None:
        pairs = (
            given_weights.items()
            if hasattr(given_weights, "items")
            else zip(selection.names, given_weights, strict=False)
        )
        words += ["--weights", ",".join(f"{name}={_numeral(weight)}" for name, weight in pairs)]
    flags = {
        "--template": selection.template.name if selection and selection.template else None,
        "--truth": truth.name if truth else None,
        "--metric": Path(metric).name if metric else None,
        "--groups": ",".join(groups) or None,
        "--logs": logs.name if logs and logs.name != _LOGS.name else None,
        "--only": ",".join(only) or None,
        "--theme": theme,
        "--title": title or None,
        "--top": str(top) if top != 10 else None,  # noqa: PLR2004 - the default
    }
    return asked, [*words, *(word for flag, text in flags.items() if text is not None for word in (flag, text))]


def _numeral(weight: float) -> str:
    """Return a weight as short as it can be typed without another meaning."""
    short = f"{weight:g}"
    return short if float(short) == weight else repr(float(weight))


def _metric() -> MetricSettings:
    """Return the metric of the working folder's `pbl.toml`; one that can't be read doesn't stop a report."""
    from pbl.domain.errors import PblError

    try:
        return find_settings(Path()).metric
    except PblError:
        return MetricSettings()


def _find_oof(
    selection: Selection, given: Sequence[str | Path], named: Sequence[tuple[str, Path]], truth: Path | None
) -> tuple[OofSelection | None, str]:
    """Return the out-of-fold files of the pillars' folders and files, or why there are none."""
    if truth is None and selection.settings.metric.truth is None:
        return None, "no truth is named"
    places: list[str | Path] = []
    beside: list[tuple[str, Path]] = []
    for name, path in [*(parse_argument(each) for each in given), *named]:
        if name is None and path.is_dir():
            places.append(path)
        else:
            beside.append((name or next((p.name for p in selection.pillars if p.path == path), path.stem), path))
    try:
        return select_oof(places, beside=beside, truth=truth), ""
    except NoOofError:
        return None, f"no {OOF}<pillar>.csv lies beside the pillars"
