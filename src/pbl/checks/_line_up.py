"""Line large files up: with polars, which is faster at it than the database.

It says that all is as it must be, or that it can't tell, as the database's join does for small files.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING, Protocol

from pbl.checks._match import OthersError, matched, matched_in_parts, numbers, sound_blocks
from pbl.domain.errors import Malformed
from pbl.reading.blocks import Seen
from pbl.reading.prefetch import ahead, threads
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from pbl.checks._checked import Checked
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.domain.progress import Progress
    from pbl.engine.duck import Duck

_BYTES_A_ROW = 64
"""What a row takes in memory besides its file's bytes: where each id is, two hashes, two places."""
_PARTS_A_MEMORY = 4
"""Into how many parts that which just fits into memory would be cut, so that there is room for all else."""
_PARTS = 500
_READERS = 2
"""Files to read ahead at once."""
_ENOUGH = 50_000
"""Rows that are worth a turn of their own."""


class Sink(Protocol):
    """What rows that have been lined up are handed to, in order; they may turn out to be worth nothing."""

    def begin(self, duck: Duck) -> None:
        """Forget all rows; those that follow are the first ones."""

    def take(self, frame: pl.DataFrame) -> None:
        """Take rows: their ids, and as n0_0, n0_1, ... each pillar's numbers."""


def line_up(
    duck: Duck,
    files: Sequence[Checked],
    contract: Contract,
    *,
    limits: Limits,
    spill: Path,
    progress: Progress,
    sink: Sink | None,
) -> Seen | None:
    """Hand the rows of plain files, side by side and in the first one's order, to the sink.

    Return what is known of them: that all is as it must be; and note in each file whether it has the first one's order.
    If they haven't the same ids, return None; raises Malformed where a cell isn't sound or an id stands twice. Files of
    several orders are taken into memory; if that is too small, in parts, by way of the disk.
    The files may be known by a guess only: how many rows they have is asked for the sake of progress and memory.
    """
    firsts = {file.source.first for file in files}
    if len(firsts) == 1:
        try:
            readers = min(limits.threads or _READERS, _READERS)
            seen = _hand_on(duck, files, _beside(files, contract, readers), progress, sink)
        except OthersError:
            pass
        else:
            for file in files:
                file.aligned = True
            return seen
    needed = _needed(files, contract)
    try:
        if needed <= limits.most():
            return _hand_on(duck, files, matched(files, contract), progress, sink)
        with private_folder(limits.temp_dir or spill) as folder:
            parts = min(1 + _PARTS_A_MEMORY * needed // limits.most(), _PARTS)
            return _hand_on(duck, files, matched_in_parts(files, contract, folder, parts), progress, sink)
    except OthersError:
        return None


def _hand_on(
    duck: Duck, files: Sequence[Checked], frames: Generator[pl.DataFrame], progress: Progress, sink: Sink | None
) -> Seen:
    """Hand frames on, and return what is known of them."""
    seen, done, rows = Seen(), 0, files[0].source.rows
    progress.stage(f"lining up {rows:,} rows of {len(files)} files", lambda: done / rows)
    if sink:
        sink.begin(duck)
    with closing(frames), threads(1) as pool:
        for frame in ahead(frames, pool):
            if sink:
                sink.take(frame)
            seen.look(frame)
            done += len(frame)
    if not seen.distinct():
        raise Malformed("an id stands twice")
    return seen


def _beside(files: Sequence[Checked], contract: Contract, readers: int) -> Generator[pl.DataFrame]:
    """Yield the rows of all files side by side, as far as they have the same ids."""
    import polars as pl

    with threads(readers) as pool:
        sources = [ahead(sound_blocks(file, contract), pool) for file in files]
        held = [next(source, pl.DataFrame({"id": []})) for source in sources]
        while height := min(map(len, held)):
            parts = [frame[:height] for frame in held]
            if not all((part["id"] == parts[0]["id"]).all() for part in parts[1:]):
                raise OthersError
            yield pl.DataFrame([parts[0]["id"], *numbers(files, parts)])
            held = [_refilled(frame[height:], source) for frame, source in zip(held, sources, strict=True)]
        if any(map(len, held)):
            raise OthersError


def _refilled(frame: pl.DataFrame, source: Iterator[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    more = next(source, None) if len(frame) < _ENOUGH else None
    return frame if more is None else pl.concat([frame, more], rechunk=True) if len(frame) else more


def _needed(files: Sequence[Checked], contract: Contract) -> int:
    """Return how many bytes it takes, about, to match the files in memory."""
    numbers_a_row = len(contract.targets) * sum(1 for file in files if file.pillar)
    rows = files[0].source.rows
    return 2 * max(file.source.size or 0 for file in files) + rows * (_BYTES_A_ROW + 8 * numbers_a_row)
