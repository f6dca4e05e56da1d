"""Open Parquet files, one or a folder of parts, and read their footers, their hashes, and their rows as frames.

The counterpart of `survey` and `blocks`, which read CSV; polars reads the rows. `parquet_columns` compares a footer
with the contract.
"""

from __future__ import annotations

import hashlib
import os
from bisect import bisect_right
from contextlib import ExitStack, contextmanager
from dataclasses import dataclass, field
from itertools import accumulate
from typing import TYPE_CHECKING

from pbl.domain.endings import CSV, PARQUET, is_parquet
from pbl.domain.errors import InexactError, InputError, UnreadableError
from pbl.reading.survey import OpenFile, changed_error, early_hash_of, open_file, refuse_changed
from pbl.storage.descriptors import allow_open
from pbl.storage.files import hash_descriptor

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path

    import polars as pl

    from pbl.domain.findings import Finding
    from pbl.reading._header import Header

_OPENINGS = 3
"""How often a part is opened at the same time: once here, and by the database for each of two sources."""
_ENCRYPTED = b"PARE"
_FIRST = 2
"""The row that tables count first, as if each file had a header."""


@dataclass(frozen=True, kw_only=True)
class Part:
    """An open Parquet file: its rows and columns by its footer, or why they can't be read."""

    file: OpenFile
    rows: int = 0
    columns: Mapping[str, pl.DataType] = field(default_factory=dict)
    fault: tuple[str, str] | None = None
    """The code and the message of what is wrong with the file as a whole."""

    @property
    def name(self) -> str:
        """Return the part's name in its folder."""
        return self.file.path.name


@dataclass(frozen=True, kw_only=True)
class PartsFile:
    """One pillar's open Parquet file, or folder of parts; `path` is what the user named."""

    path: Path
    pillar: str | None
    parts: tuple[Part, ...]
    folder: bool

    @property
    def size(self) -> int:
        """Return the bytes of all parts."""
        return sum(part.file.size for part in self.parts)

    @property
    def rows(self) -> int:
        """Return the number of rows of all parts, by their footers."""
        return sum(part.rows for part in self.parts)

    def locate(self, row: int | None) -> tuple[str | None, int | None]:
        """Turn a table's row into the part, if there are several, and the row in it, counted from 1."""
        if row is None:
            return None, None
        ends = list(accumulate(part.rows for part in self.parts))
        place = bisect_right(ends, row - _FIRST)
        before = ends[place - 1] if place else 0
        return self.parts[place].name if self.folder else None, row - _FIRST - before + 1

    def close(self) -> None:
        """Close all parts."""
        for part in self.parts:
            part.file.close()


@dataclass(frozen=True, kw_only=True)
class PartsSurvey:
    """The hashes of open Parquet files, and their columns by the footers."""

    file: PartsFile
    header: Header
    hashes: tuple[str, ...]
    """The SHA-256 of each part in hex."""
    early: tuple[str, ...]
    ascii: bool = False
    """Whether all ids are ASCII, if that was checked."""

    @property
    def sha256(self) -> str:
        """Return the hash of the file, or for a folder that of its list, a line `hash  name` for each part."""
        if not self.file.folder:
            return self.hashes[0]
        lines = (f"{sha256}  {part.name}\n" for sha256, part in zip(self.hashes, self.file.parts, strict=True))
        return hashlib.sha256("".join(lines).encode("utf-8", "surrogateescape")).hexdigest()

    @property
    def size(self) -> int:
        """Return the bytes of all parts."""
        return self.file.size

    @property
    def findings(self) -> tuple[Finding, ...]:
        """Return what was found in the footers."""
        return self.header.findings

    def unchanged(self, before: datetime | None = None) -> None:
        """Raise ChangedError if a part's bytes may not be those that were read, or the folder has other parts now."""
        for part, early in zip(self.file.parts, self.early, strict=True):
            refuse_changed(part.file, early, before)
        if self.file.folder and [path.name for path in list_parts(self.file.path)] != [p.name for p in self.file.parts]:
            raise changed_error(self.file.path)


def list_parts(folder: Path) -> tuple[Path, ...]:
    """Return the Parquet files directly in a folder, by name.

    Raises InputError if CSV files are beside them, UnreadableError if there is none.
    """
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise UnreadableError(folder, f"cannot be listed: {error.strerror}") from error
    files = [path for path in entries if not path.name.startswith(".") and not path.is_dir()]
    parts = [path for path in files if is_parquet(path.name)]
    others = [path.name for path in files if path.name.lower().endswith(CSV)]
    if parts and others:
        raise InputError(
            f"{folder}: holds Parquet and CSV files ({others[0]}); the parts of one pillar are Parquet alone, "
            "put the rest elsewhere"
        )
    if not parts:
        inside = [f"{path.name}/" for path in entries if path.is_dir()]
        told = f"; folders in it are not entered: {', '.join(inside[:3])}" if inside else ""
        raise UnreadableError(folder, f"is a folder without *{PARQUET} directly in it, not a regular file{told}")
    return tuple(parts)


def open_parts(path: Path, pillar: str | None) -> PartsFile:
    """Open a Parquet file or a folder of parts, and read their footers; raises what `open_file` and `list_parts` do."""
    folder = path.is_dir()
    paths = list_parts(path) if folder else (path,)
    allow_open(_OPENINGS * len(paths))
    with ExitStack() as stack:
        parts = []
        for each in paths:
            try:
                file = open_file(each, pillar)
            except UnreadableError as error:
                raise UnreadableError(path, f"{each.name} {error.reason}" if folder else error.reason) from error
            stack.callback(file.close)
            parts.append(_read_footer(file))
        stack.pop_all()
    return PartsFile(path=path, pillar=pillar, parts=tuple(parts), folder=folder)


def survey_parts(file: PartsFile, header: Header, *, all_ascii: bool = False) -> PartsSurvey:
    """Hash every byte; raises UnreadableError where the system can't read on."""
    hashes, early = [], []
    for part in file.parts:
        try:
            hashes.append(hash_descriptor(part.file.fd))
            early.append(early_hash_of(part.file, hashes[-1]))
        except OSError as error:
            raise UnreadableError(part.file.path, f"cannot be read: {error.strerror}") from error
    return PartsSurvey(file=file, header=header, hashes=tuple(hashes), early=tuple(early), ascii=all_ascii)


def read_frames(file: PartsFile, numbers: Sequence[str], texts: Sequence[str], *, rows: int) -> Iterator[pl.DataFrame]:
    """Yield at most so many rows at a time, in order: `id` (the first text), then t0, t1, ... (numbers, other texts).

    Without texts there is no `id`.

    Rows of small parts come together. Numbers are float64. Nothing is repaired: NULL stays null. Raises UnreadableError
    for bytes that are no rows as the footer promises, InexactError for a whole number that no float64 equals.
    """
    import polars as pl

    together: list[pl.DataFrame] = []
    held = 0
    for frame in _read_slices(file, numbers, texts, rows=rows):
        if held + len(frame) > rows:
            yield pl.concat(together, rechunk=True)
            together, held = [], 0
        together.append(frame)
        held += len(frame)
        if held > rows // 2:
            yield pl.concat(together, rechunk=True) if len(together) > 1 else frame
            together, held = [], 0
    if together:
        yield pl.concat(together, rechunk=True)


def _read_slices(file: PartsFile, numbers: Sequence[str], texts: Sequence[str], *, rows: int) -> Iterator[pl.DataFrame]:
    """Yield so many rows at a time of each part."""
    import polars as pl

    named: list[tuple[str, str, pl.DataType]] = [(name, "id", pl.String()) for name in texts[:1]]
    named += [(name, f"t{n}", pl.Float64()) for n, name in enumerate(numbers)]
    named += [(name, f"t{len(numbers) + n}", pl.String()) for n, name in enumerate(texts[1:])]
    for part in file.parts:
        there = list(part.columns)
        kinds = part.columns
        whole = {alias: name for name, alias, kind in named if kind == pl.Float64 and kinds[name].is_integer()}
        picked = [
            pl.nth(there.index(name)).cast(kinds[name] if alias in whole else kind).alias(alias)
            for name, alias, kind in named
        ]
        for first in range(0, part.rows, rows):
            due = min(rows, part.rows - first)
            with _readable(part.file):
                frame = _scan(part.file).slice(first, due).select(picked).collect()
            if len(frame) != due:
                raise UnreadableError(part.file.path, f"has {len(frame)} rows where its footer promises {due}")
            yield _widen(frame, whole, part.file) if whole else frame


def _widen(frame: pl.DataFrame, whole: Mapping[str, str], file: OpenFile) -> pl.DataFrame:
    """Return the frame with its columns of whole numbers as float64; `whole` has their names in the file."""
    import polars as pl

    doubles = frame.with_columns(pl.col(list(whole)).cast(pl.Float64))
    for alias, name in whole.items():
        there, back = frame[alias], doubles[alias].cast(frame[alias].dtype, strict=False)
        if (odd := there.filter(back.ne_missing(there))).len():
            raise InexactError(file.path, f"holds {odd[0]} in the column {name!r}, which no DOUBLE equals")
    return doubles


def _read_footer(file: OpenFile) -> Part:
    import polars as pl

    if not file.size:
        return Part(file=file, fault=("PBL102", "is empty"))
    if os.pread(file.fd, len(_ENCRYPTED), max(file.size - len(_ENCRYPTED), 0)) == _ENCRYPTED:
        return Part(file=file, fault=("PBL110", "is encrypted"))
    try:
        with _readable(file):
            scanned = _scan(file)
            columns = dict(scanned.collect_schema())
            return Part(file=file, columns=columns, rows=scanned.select(pl.len()).collect().item())
    except UnreadableError as error:
        return Part(file=file, fault=("PBL110", error.reason))


def _scan(file: OpenFile) -> pl.LazyFrame:
    import polars as pl

    by_descriptor = f"/proc/self/fd/{file.fd}"
    path = by_descriptor if os.path.lexists(by_descriptor) else str(file.path.absolute())
    return pl.scan_parquet(path, glob=False, hive_partitioning=False)


@contextmanager
def _readable(file: OpenFile) -> Iterator[None]:
    """Turn an error of polars about bytes that aren't Parquet into an UnreadableError."""
    import polars as pl

    try:
        yield
    except (pl.exceptions.PolarsError, pl.exceptions.PanicException, OSError, ValueError, OverflowError) as error:
        said = (str(error) or type(error).__name__).splitlines()[0]
        said = said.removeprefix("parquet: ").removeprefix("File out of specification: ")
        raise UnreadableError(file.path, f"is no whole Parquet file: {said}") from error
