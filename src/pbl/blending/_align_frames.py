"""Align large files with polars: their rows side by side, batch by batch, each file read once.

`_align` calls it for files that are too large for a table. Files that are known to have the same ids (`same_ids`) are
one source. While all sources have one order, nothing is kept in memory. From the first row that differs, the rest is
matched by id (`_match_ids`). What isn't clean raises Unclear, and `validate` explains it.
"""

from __future__ import annotations

from contextlib import closing
from dataclasses import dataclass, replace
from itertools import chain
from typing import TYPE_CHECKING, Self

from pbl.blending._match_ids import match_in_memory, match_on_disk
from pbl.checks.open_files import CheckedFile
from pbl.checks.profile import Profiler
from pbl.checks.report import clean_findings
from pbl.checks.screen_frames import Ids, clean_blocks, clean_parts
from pbl.domain.errors import Unclear, UnreadableError
from pbl.reading.parquet import PartsFile, read_frames
from pbl.reading.parquet_columns import match_columns
from pbl.reading.prefetch import Pull, ahead, threads
from pbl.reading.survey import preview
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
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
    """The clean rows, and in the end the survey; without ids if they are another file's."""
    rows: int
    size: int
    ids_of: int
    """The place of the file that has its ids in its order: its own, if no other file is known to have them."""
    by_all_cores: bool = False
    """Whether reading it keeps all cores busy, and needs no thread of its own."""


def find_readable(
    each: Input, file: Source, contract: Contract, limits: Limits, *, place: int, ids_of: int
) -> Readable | None:
    """Return a file as one to be read in batches; None if it can't be, or if its first bytes need explaining.

    `place` is its place among the files. If `ids_of` is another's, its ids are not read: it is a pillar in Parquet.
    """
    ids_only = not each.pillar
    if isinstance(file, PartsFile):
        header = match_columns(file, contract, ids_only=ids_only)
        try:
            head = next(read_frames(file, (), [contract.id], rows=_HEAD), None) if header.columns else None
        except UnreadableError:
            return None
        if head is None:
            return None
        ids = Ids.KNOWN if ids_of != place else Ids.COMPARED if place else Ids.SCREENED
        frames = clean_parts(file, header, contract, limits, ids_only=ids_only, ids=ids)
        texts = head.estimated_size() / len(head) if ids is not Ids.KNOWN else 0
        size = int(file.rows * (texts + 8 * len(contract.targets)))
        return Readable(input=each, frames=frames, rows=file.rows, size=size, ids_of=ids_of, by_all_cores=True)
    seen = preview(file, contract, size=limits.sizes.preview)
    if seen is None or (not place and not seen.ascii):
        return None
    blocks = clean_blocks(file, seen, contract, ids_only=ids_only, size=limits.sizes.block)
    return Readable(input=each, frames=blocks, rows=seen.rows, size=file.size, ids_of=place)


def align_frames(
    files: Sequence[Readable], contract: Contract, limits: Limits, *, spill: Path
) -> Generator[pl.DataFrame, None, tuple[CheckedFile, ...]]:
    """Yield the rows of all files side by side, in the first one's order: id, and each pillar's numbers n0_0, n0_1, ...

    Return what is known of the files. Raises Unclear if they don't all have the same ids, an id is repeated or a cell
    isn't clean; then batches that were already yielded must not be used.
    """
    import polars as pl

    pulled = [Pull(each.frames) for each in files]
    numbers = _numbers(files, contract)
    profiler = Profiler(limits.sizes.ids, targets=len(contract.targets))
    readers = 1 if all(each.by_all_cores for each in files) else _READERS
    with threads(min(limits.threads or readers, readers)) as pool:
        sources = _group(files, [ahead(frames, pool) for frames in pulled], limits.sizes.rows)
        batches = Pull(_side_by_side(sources, limits, spill, needed=_memory_needed(files, contract)))
        with closing(batches):
            for batch in batches:
                ordered = pl.DataFrame([batch[name] for name in ("id", *numbers)])
                profiler.add(ordered)
                yield ordered
    surveys = [frames.result for frames in pulled]
    profile = profiler.profile()
    if not profile.distinct or not surveys[0].ascii:
        raise Unclear("ids may be alike")
    in_order = dict(zip(sorted({each.ids_of for each in files}), batches.result, strict=True))
    same = [in_order[each.ids_of] for each in files]
    return tuple(_make_checked(files, surveys, profile, profiler.split(profile), same))


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


def _numbers(files: Sequence[Readable], contract: Contract) -> list[str]:
    """Return the names of the pillars' numbers: n0_0, n0_1, ..., in the order of the files."""
    pillars = sum(1 for each in files if each.input.pillar)
    return [f"n{place}_{target}" for place in range(pillars) for target in range(len(contract.targets))]


def _group(
    files: Sequence[Readable], read: Sequence[Iterator[pl.DataFrame]], enough: int
) -> list[Iterator[pl.DataFrame]]:
    """Return the sources, in the order of their first files: files with the same ids are one; numbers are named."""
    groups: dict[int, list[Iterator[pl.DataFrame]]] = {}
    pillars = 0
    for each, frames in zip(files, read, strict=True):
        groups.setdefault(each.ids_of, []).append(_name_numbers(frames, pillars))
        pillars += bool(each.input.pillar)
    return [_join(group, enough) if len(group) > 1 else group[0] for group in groups.values()]


def _name_numbers(frames: Iterator[pl.DataFrame], place: int) -> Iterator[pl.DataFrame]:
    """Yield frames whose numbers t0, t1, ... are named after the pillar's place: n2_0, n2_1, ... if it is 2."""
    for frame in frames:
        frame.columns = [
            name if name == "id" else f"n{place}_{name[1:]}" for name in frame.columns
        ]  # in place, as `rename` plans a query
        yield frame


def _join(sources: Sequence[Iterator[pl.DataFrame]], enough: int) -> Iterator[pl.DataFrame]:
    """Yield the rows of sources that have the same ids as those of one; the first one has the ids."""
    import polars as pl

    for parts in _InStep(sources, enough):
        yield pl.DataFrame([column for part in parts for column in part])


class _InStep:
    """The rows of several sources, as many of each at a time; raises Unclear if one ends before another."""

    def __init__(self, sources: Sequence[Iterator[pl.DataFrame]], enough: int) -> None:
        """Take rows from the sources, and more of one when fewer than `enough` of it are left."""
        import polars as pl

        self._sources, self._enough = sources, enough
        self._held = [next(source, pl.DataFrame()) for source in sources]
        self._given = 0

    def __iter__(self) -> Self:
        return self

    def __next__(self) -> list[pl.DataFrame]:
        """Return the next rows of each source."""
        if self._given:
            left = [frame[self._given :] for frame in self._held]
            self._held = [_refill(*each, self._enough) for each in zip(left, self._sources, strict=True)]
        self._given = min(map(len, self._held))
        if not self._given:
            if any(map(len, self._held)):
                raise Unclear("not all files have as many rows")
            raise StopIteration
        return [frame[: self._given] for frame in self._held]

    def rest(self) -> list[Iterable[pl.DataFrame]]:
        """Return the sources from the rows on that were returned last."""
        held, self._held = self._held, []
        return [chain([frame], source) for frame, source in zip(held, self._sources, strict=True)]


def _side_by_side(
    sources: Sequence[Iterator[pl.DataFrame]], limits: Limits, spill: Path, *, needed: int
) -> Generator[pl.DataFrame, None, list[bool]]:
    """Yield the rows of all sources side by side; return for each whether it has the first one's order.

    It takes about `needed` bytes to match them in memory.
    """
    import polars as pl

    rows = _InStep(sources, limits.sizes.rows)
    for parts in rows:
        if not all((part["id"] == parts[0]["id"]).all() for part in parts[1:]):
            break
        yield pl.DataFrame([*parts[0], *(column for part in parts[1:] for column in part if column.name != "id")])
    else:
        return [True] * len(sources)
    rest = rows.rest()
    del parts
    if needed <= limits.most():
        return (yield from match_in_memory(rest, limits.sizes.cells))
    parts_on_disk = min(1 + _PARTS_A_MEMORY * needed // limits.most(), _PARTS)
    with private_folder(limits.temp_dir or spill) as folder:
        return (yield from match_on_disk(rest, limits.sizes.cells, folder, parts_on_disk))


def _refill(frame: pl.DataFrame, source: Iterator[pl.DataFrame], enough: int) -> pl.DataFrame:
    import polars as pl

    more = next(source, None) if len(frame) < enough else None
    return frame if more is None else pl.concat([frame, more], rechunk=True) if len(frame) else more


def _memory_needed(files: Sequence[Readable], contract: Contract) -> int:
    """Return about how many bytes it takes to match the files in memory."""
    numbers = len(contract.targets) * sum(1 for each in files if each.input.pillar)
    rows = files[0].rows
    largest = max(sum(each.size for each in files if each.ids_of == place) for place in {each.ids_of for each in files})
    return largest + max(each.size for each in files) + rows * (_BYTES_A_ROW + 8 * numbers)
