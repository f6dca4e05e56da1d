"""Align large files with polars: their rows side by side, batch by batch, each file read once.

`_align` calls it for files that are too large for a table. While all files have one order, nothing is kept in memory.
From the first row that differs, the rest is matched by id (`_match_ids`). What isn't clean raises Unclear, and
`validate` explains it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING

from pbl.blending._match_ids import match_in_memory, match_on_disk, number_columns
from pbl.checks.open_files import CheckedFile
from pbl.checks.profile import Profiler
from pbl.checks.report import clean_findings
from pbl.checks.screen_frames import clean_blocks, clean_parts
from pbl.domain.errors import Unclear, UnreadableError
from pbl.reading.parquet import PartsFile, read_frames
from pbl.reading.parquet_columns import match_columns
from pbl.reading.prefetch import Pull, ahead, threads
from pbl.reading.survey import preview
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from pbl.checks.open_files import Input
    from pbl.checks.profile import Profile
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.reading.sources import Source, Surveyed

_BYTES_A_ROW = 64
"""Bytes that a row takes in memory besides its file's bytes: where each id is, and hashes and places while sorted."""
_PARTS_A_MEMORY = 4
"""How many parts rows that just fit into memory are cut into, so that there is room for everything else."""
_PARTS = 500
_READERS = 2
"""Files to read ahead at once."""
_HEAD = 1000
"""Rows that tell how long a Parquet file's ids are."""


@dataclass(frozen=True, kw_only=True)
class Readable:
    """A file that seems fit to be read in batches.

    `rows` may be an estimate, and so is `size`, the bytes of its rows in memory.
    """

    input: Input
    frames: Generator[pl.DataFrame, None, Surveyed]
    """The clean rows, and in the end the survey."""
    rows: int
    size: int
    by_all_cores: bool = False
    """Whether reading it keeps all cores busy, and needs no thread of its own."""


def find_readable(each: Input, file: Source, contract: Contract, limits: Limits, *, first: bool) -> Readable | None:
    """Return a file as one to be read in batches; None if it can't be, or if its first bytes need explaining."""
    ids_only = not each.pillar
    if isinstance(file, PartsFile):
        header = match_columns(file, contract, ids_only=ids_only)
        try:
            head = next(read_frames(file, (), [contract.id], rows=_HEAD), None) if header.columns else None
        except UnreadableError:
            return None
        if head is None:
            return None
        frames = clean_parts(file, header, contract, limits, ids_only=ids_only, ids_known=not first)
        size = int(file.rows * (head.estimated_size() / len(head) + 8 * len(contract.targets)))
        return Readable(input=each, frames=frames, rows=file.rows, size=size, by_all_cores=True)
    seen = preview(file, contract, size=limits.sizes.preview)
    if seen is None or (first and not seen.ascii):
        return None
    blocks = clean_blocks(file, seen, contract, ids_only=ids_only, size=limits.sizes.block)
    return Readable(input=each, frames=blocks, rows=seen.rows, size=file.size)


def align_frames(
    files: Sequence[Readable], contract: Contract, limits: Limits, *, spill: Path
) -> Generator[pl.DataFrame, None, tuple[CheckedFile, ...]]:
    """Yield the rows of all files side by side, in the first one's order: id, and each pillar's numbers n0_0, n0_1, ...

    Return what is known of the files. Raises Unclear if they don't all have the same ids, an id is repeated or a cell
    isn't clean; then batches that were already yielded must not be used.
    """
    sources = [Pull(each.frames) for each in files]
    profiler = Profiler(limits.sizes.ids, targets=len(contract.targets))
    readers = 1 if all(each.by_all_cores for each in files) else _READERS
    with threads(min(limits.threads or readers, readers)) as pool:
        batches = Pull(_side_by_side(files, [ahead(source, pool) for source in sources], contract, limits, spill))
        with closing(batches):
            for batch in batches:
                profiler.add(batch)
                yield batch
    surveys = [source.result for source in sources]
    profile = profiler.profile()
    if not profile.distinct or not surveys[0].ascii:
        raise Unclear("ids may be alike")
    return tuple(_make_checked(files, surveys, profile, profiler.split(profile), batches.result))


def _make_checked(
    files: Sequence[Readable],
    surveys: Sequence[Surveyed],
    ids: Profile,
    pillars: Sequence[Profile],
    in_order: Sequence[bool],
) -> Iterator[CheckedFile]:
    profiles = iter(pillars)
    for each, survey, same in zip(files, surveys, in_order, strict=True):
        yield CheckedFile(
            input=each.input,
            survey=survey,
            profile=next(profiles) if each.input.pillar else replace(ids, ranges=(), unit_rows=0),
            clean=True,
            findings=clean_findings(each.input, survey, files[0].input, in_order=same),
        )


def _side_by_side(
    files: Sequence[Readable],
    sources: Sequence[Iterator[pl.DataFrame]],
    contract: Contract,
    limits: Limits,
    spill: Path,
) -> Generator[pl.DataFrame, None, list[bool]]:
    """Yield the rows of all files; return for each whether it has the first one's order."""
    import polars as pl

    pillars = [bool(each.input.pillar) for each in files]
    held = [next(source, pl.DataFrame({"id": []})) for source in sources]
    while height := min(map(len, held)):
        parts = [frame[:height] for frame in held]
        if not all((part["id"] == parts[0]["id"]).all() for part in parts[1:]):
            break
        yield pl.DataFrame([parts[0]["id"], *number_columns(pillars, parts)])
        held = [_refill(frame[height:], source, limits.sizes.rows) for frame, source in zip(held, sources, strict=True)]
    else:
        if any(map(len, held)):
            raise Unclear("not all files have as many rows")
        return [True] * len(files)
    rest = [chain([frame], source) for frame, source in zip(held, sources, strict=True)]
    del held
    needed = _memory_needed(files, contract)
    if needed <= limits.most():
        return (yield from match_in_memory(pillars, rest, limits.sizes.cells))
    parts_on_disk = min(1 + _PARTS_A_MEMORY * needed // limits.most(), _PARTS)
    with private_folder(limits.temp_dir or spill) as folder:
        return (yield from match_on_disk(pillars, rest, limits.sizes.cells, folder, parts_on_disk))


def _refill(frame: pl.DataFrame, source: Iterator[pl.DataFrame], enough: int) -> pl.DataFrame:
    import polars as pl

    more = next(source, None) if len(frame) < enough else None
    return frame if more is None else pl.concat([frame, more], rechunk=True) if len(frame) else more


def _memory_needed(files: Sequence[Readable], contract: Contract) -> int:
    """Return about how many bytes it takes to match the files in memory."""
    numbers = len(contract.targets) * sum(1 for each in files if each.input.pillar)
    rows = files[0].rows
    return 2 * max(each.size for each in files) + rows * (_BYTES_A_ROW + 8 * numbers)
