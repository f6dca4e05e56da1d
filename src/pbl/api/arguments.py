"""The arguments of Python's functions as typed values; UsageError names the argument that is wrong.

The first step of every function of `api`.
"""

from __future__ import annotations

import math
import os
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Any, TypeAlias

from pbl.domain.errors import UsageError
from pbl.domain.extras import require_extra
from pbl.domain.limits import Limits, parse_memory
from pbl.domain.provenance import Provenance
from pbl.domain.rules import Severity
from pbl.domain.weights import names_in_weights, parse_weights
from pbl.project.frames import is_frame
from pbl.project.oof_files import select_oof
from pbl.project.pillar_files import select_pillars

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from os import PathLike

    from pbl.domain.pillars import Selection
    from pbl.project.oof_files import OofSelection

    AnyPath: TypeAlias = str | PathLike[str]
    Frame: TypeAlias = Any  # polars' or pandas' DataFrame; pbl imports neither for its types


_TO_FILE = "write it to a file, as Parquet or CSV, and name that"


def finite(score: float | None) -> float | None:
    """Return a score, or None; raise UsageError if it is not finite."""
    if score is None:
        return None
    value = float(score)
    if not math.isfinite(value):
        raise UsageError(f"a score must be a finite number, not {score!r}")
    return value


def named_pillars(weights: Sequence[float] | Mapping[str, float] | None) -> frozenset[str] | None:
    """Return the pillars that weights name, which may be text as it is typed on the command line."""
    if isinstance(weights, str):
        return names_in_weights([weights])
    return frozenset(dict(weights.items())) if weights is not None and hasattr(weights, "items") else None


def select(
    paths: Sequence[AnyPath | Sequence[AnyPath]],
    pillars: Mapping[str, AnyPath],
    template: AnyPath | None,
    *,
    wanted: frozenset[str] | None = None,
) -> Selection:
    """Find the pillars and the template; `wanted` are those that weights name."""
    name_it = "frames have names: pillars={'name': frame}"
    given = [as_path(path, "a path", instead=name_it) for path in _flatten(paths)]
    named = [(name, as_path(path, f"pillars: {name!r}")) for name, path in pillars.items()]
    for name, _ in named:
        if not name or any(c in name for c in "\r\n\0"):
            raise UsageError(f"pillars: {name!r} is no name; a name is text without line ends")
    named_template = None if template is None else as_path(template, "template")
    return select_pillars(given, named=named, template=named_template, wanted=wanted)


def as_path(value: object, what: str, *, instead: str = _TO_FILE) -> Path:
    """Return a path; raise UsageError for an empty one and for what is none, with what to do `instead` of a frame."""
    if isinstance(value, str | os.PathLike):
        if not os.fspath(value):
            raise UsageError(f"{what} is empty")
        return Path(value)
    if is_frame(value):
        raise UsageError(f"{what} is a {type(value).__name__}; {instead}")
    raise UsageError(f"{what} is {type(value).__name__}, not text or a path")


def severity(fail_on: str) -> Severity:
    """Return the severity at which a blend is refused."""
    if fail_on not in {Severity.ERROR, Severity.WARNING}:
        raise UsageError(f"fail_on: {fail_on!r} is not one of error, warning")
    return Severity(fail_on)


def find_oof(
    what: str,
    paths: Sequence[AnyPath | Sequence[AnyPath]],
    pillars: Mapping[str, AnyPath] | None,
    truth: AnyPath | None,
) -> OofSelection:
    """Find the out-of-fold files; raise UsageError where what scores them isn't installed."""
    require_extra("tune", f"pbl.{what}")
    return select_oof(
        [as_path(path, "a path") for path in _flatten(paths)],
        named=[(name, as_path(path, f"pillars: {name!r}")) for name, path in (pillars or {}).items()],
        truth=None if truth is None else as_path(truth, "truth"),
    )


def _flatten(paths: Sequence[AnyPath | Sequence[AnyPath]]) -> list[Any]:
    """Return paths that were given one by one or in lists."""
    return [path for each in paths for path in (each if isinstance(each, list | tuple) else [each])]


def as_text(metric: AnyPath | None) -> str | None:
    """Return a metric's name or its file's path as text."""
    return None if metric is None else str(metric)


def several(names: Sequence[str], what: str) -> list[str]:
    """Return the names; raise UsageError for a single text, which would be read letter by letter."""
    if isinstance(names, str):
        raise UsageError(f"{what}: {names!r} is a text; give a list of names")
    return list(names)


def as_weights(
    weights: Sequence[float] | Mapping[str, float] | None, selection: Selection
) -> list[float] | dict[str, float] | None:
    """Return weights as floats, from Python's and numpy's numbers or from text as on the command line."""
    if weights is None:
        return None
    if isinstance(weights, str):
        return parse_weights([weights], selection)
    if not len(weights):
        raise UsageError("weights: none given; leave them out for the usual ones")
    if hasattr(weights, "items"):
        return {name: real(weight, "weights") for name, weight in weights.items()}
    return [real(weight, "weights") for weight in weights]


def real(value: float, what: str) -> float:
    """Return a float; raise UsageError, which names the argument, for what is not a number."""
    try:
        return float(value)
    except (TypeError, ValueError, OverflowError):
        raise UsageError(f"{what}: {value!r} is not a number") from None


def as_limits(threads: int | None, memory_limit: str | None, temp_dir: AnyPath | None) -> Limits:
    """Return the limits of a call; raise UsageError for threads, memory or a folder that are not valid."""
    if threads is not None and threads != max(1, int(threads)):
        raise UsageError(f"threads: {threads!r} is not a whole number of 1 or more")
    memory = None if memory_limit is None else parse_memory(memory_limit)
    folder = None if temp_dir is None else Path(temp_dir)
    if folder is not None and not folder.is_dir():
        raise UsageError(f"temp_dir: {folder} is not a folder")
    return Limits(threads=threads, memory=memory, temp_dir=folder)


def provenance() -> Provenance:
    """Return when and with which version and script this is made."""
    from pbl._version import __version__

    return Provenance(now=datetime.now(UTC), version=__version__, command=("python", *sys.argv[:1]))
