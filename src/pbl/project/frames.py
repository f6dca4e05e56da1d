"""Write polars and pandas frames as prediction files, in CSV, cell by cell, with nothing repaired.

Only Python's API takes frames; from here on they are read and checked like any file.
"""

from __future__ import annotations

import csv
from contextlib import contextmanager
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import FindingsError, UsageError
from pbl.storage.os_errors import explain_os_errors
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping
    from os import PathLike
    from pathlib import Path

    from pbl.domain.pillars import Selection
    from pbl.domain.report import Report

_PLAIN = {float, int, str, type(None)}
_MISSING = {"NAType", "NaTType"}
_CALLED = "DataFrame"


@dataclass(frozen=True, kw_only=True)
class Handed:
    """The given pillars by path, and those that are frames, with the kinds of their cells."""

    paths: Mapping[str, str | PathLike[str]]
    frames: Mapping[str, Mapping[str, frozenset[type]]]

    def mark(self, selection: Selection) -> Selection:
        """Return the selection with the frames among its pillars marked as such.

        Raises UsageError where a frame's ids are neither text nor whole numbers: no other kind has one spelling only.
        """
        column = selection.contract.id
        for name, kinds in self.frames.items():
            if wrong := sorted(kind.__name__ for kind in kinds.get(column, frozenset()) - {int, str, type(None)}):
                raise UsageError(
                    f"pillars: {name!r}: ids must be text or whole numbers, and {column!r} has {', '.join(wrong)}"
                )
        pillars = [replace(p, in_memory=True) if p.name in self.frames else p for p in selection.pillars]
        return replace(selection, pillars=tuple(pillars))

    def hide_paths(self, report: Report) -> Report:
        """Return the report without the temporary paths of frames."""
        files = [replace(f, path=_CALLED) if f.pillar in self.frames else f for f in report.files]
        findings = [replace(f, file=_CALLED) if f.pillar in self.frames else f for f in report.findings]
        return replace(report, files=tuple(files), findings=tuple(findings))


def is_frame(value: object) -> bool:
    """Say whether a value is a polars or pandas table with columns, and not a path."""
    return hasattr(value, "iloc") or hasattr(value, "collect_schema")


@contextmanager
def frames_as_files(pillars: Mapping[str, Any], *, spill: Path) -> Iterator[Handed]:
    """Write the frames among pillars into a private folder in `spill`, and remove it at the end.

    A FindingsError that passes through names the pillar and not the file. Raises UsageError for a value that is neither
    a path nor a frame, and for a frame that can't be written as it is.
    """
    frames = {name: value for name, value in pillars.items() if is_frame(value)}
    if not frames:
        yield Handed(paths=pillars, frames={})
        return
    with private_folder(spill) as folder:
        paths, kinds = dict(pillars), {}
        for place, (name, frame) in enumerate(frames.items()):
            path = folder / str(place) / _CALLED
            path.parent.mkdir()
            kinds[name] = _write(frame, path, called=f"pillars: {name!r}")
            paths[name] = path
        handed = Handed(paths=paths, frames=kinds)
        try:
            yield handed
        except FindingsError as error:
            raise FindingsError(handed.hide_paths(error.report), error.undone) from None


def _write(frame: Any, path: Path, *, called: str) -> Mapping[str, frozenset[type]]:  # noqa: ANN401 - polars' or pandas', neither is imported
    """Write a frame as CSV, and return the kinds of cells of each column.

    A double is written so that it reads back the same; a missing value is an empty cell.
    """
    names, columns = _read(frame, called)
    columns = [cells if _kinds(cells) <= _PLAIN else list(map(_plain, cells)) for cells in columns]
    columns = [_without_nan(cells) if str in _kinds(cells) else cells for cells in columns]
    kinds = dict(zip(names, map(_kinds, columns), strict=True))
    columns = [cells if _kinds(cells) <= _PLAIN else list(map(_text, cells)) for cells in columns]
    with explain_os_errors(path), path.open("w", encoding="utf-8", errors="surrogatepass", newline="") as file:
        writer = csv.writer(file)  # writes a float by its repr, and None as an empty cell
        writer.writerow(names)
        writer.writerows(zip(*columns, strict=True))
    return kinds


def _kinds(cells: Iterable[Any]) -> frozenset[type]:
    return frozenset(map(type, cells))


def _read(frame: Any, called: str) -> tuple[list[str], list[list[Any]]]:  # noqa: ANN401 - as above
    """Return the names and the cells of the columns."""
    if not hasattr(frame, "get_columns" if hasattr(frame, "collect_schema") else "columns"):
        if hasattr(frame, "collect"):
            raise UsageError(f"{called}: is a query that hasn't run; call collect() first")
        raise UsageError(f"{called}: is a single column; hand over a frame that has the ids too")
    if hasattr(frame, "iloc"):
        index = [name for name in frame.index.names if name is not None and name not in frame.columns]
        if index:
            raise UsageError(f"{called}: the index holds {', '.join(map(repr, index))}; call reset_index() first")
        names = list(map(str, frame.columns))
        return names, [frame.iloc[:, place].tolist() for place in range(len(names))]
    return list(frame.columns), [column.to_list() for column in frame.get_columns()]


def _plain(cell: Any) -> Any:  # noqa: ANN401 - whatever a column of objects holds
    """Return a cell as Python's own value, None if it is missing."""
    if type(cell).__name__ in _MISSING:
        return None
    return cell.item() if hasattr(cell, "item") else cell


def _text(cell: Any) -> Any:  # noqa: ANN401 - as above
    """Return a cell that is neither text nor a number as text."""
    return cell if isinstance(cell, bool) or type(cell) in _PLAIN else str(cell)


def _without_nan(cells: Iterable[Any]) -> list[Any]:
    """Return a column of text without the NaN that pandas has for a missing one."""
    return [None if cell != cell else cell for cell in cells]  # noqa: PLR0124 - NaN alone differs from itself
