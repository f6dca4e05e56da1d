"""Line large files up, in memory: with polars, which is faster than the database and doesn't spill.

It says that all is as it must be, or that it can't tell, as the database's join does for small files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Protocol

from pbl.blocks import Seen, ahead, blocks
from pbl.checked import EDGED
from pbl.contract import NUMBER
from pbl.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from pbl.checked import Checked
    from pbl.contract import Contract
    from pbl.duck import Duck
    from pbl.progress import Progress

_BYTES_A_ROW = 64
"""What a row takes in memory besides its file's bytes: where each id is, two hashes, two places."""
_ENOUGH = 50_000
"""Rows that are worth a turn of their own."""
_ROWS_AT_ONCE = 200_000


class Sink(Protocol):
    """What rows that have been lined up are handed to, in order; they may turn out to be worth nothing."""

    def begin(self, duck: Duck) -> None:
        """Forget all rows; those that follow are the first ones."""

    def take(self, frame: pl.DataFrame) -> None:
        """Take rows: their ids, and as n0_0, n0_1, ... each pillar's numbers."""


def line_up(
    duck: Duck, files: Sequence[Checked], contract: Contract, *, memory: int, progress: Progress, sink: Sink | None
) -> Seen | None:
    """Hand the rows of plain files, side by side and in the first one's order, to the sink.

    Return what is known of them: that all is as it must be; and note in each file whether it has the first one's order.
    Files of several orders are taken into memory, if it holds no more than `memory` bytes; if it does, or the ids
    aren't the same, return None. Raises Malformed where a cell isn't sound or an id stands twice. The files may be
    known by a guess only: how many rows they have is asked for the sake of progress and memory.
    """
    firsts = {file.source.first for file in files}
    if len(firsts) == 1:
        try:
            seen = _hand_on(duck, files, _beside(files, contract), progress, sink)
        except _OthersError:
            pass
        else:
            for file in files:
                file.aligned = True
            return seen
    rows = files[0].source.rows
    needed = 2 * max(file.source.size or 0 for file in files) + rows * (_BYTES_A_ROW + 8 * _width(files, contract))
    try:
        return _hand_on(duck, files, _matched(files, contract), progress, sink) if needed <= memory else None
    except _OthersError:
        return None


class _OthersError(Exception):
    """The files don't have the same ids, or not in the same order."""


def _hand_on(
    duck: Duck, files: Sequence[Checked], frames: Iterator[pl.DataFrame], progress: Progress, sink: Sink | None
) -> Seen:
    """Hand frames on, and return what is known of them."""
    seen, done, rows = Seen(), 0, files[0].source.rows
    progress.stage(f"lining up {rows:,} rows of {len(files)} files", lambda: done / rows)
    if sink:
        sink.begin(duck)
    for frame in ahead(seen.looking(frames)):
        if sink:
            sink.take(frame)
        done += len(frame)
    if not seen.distinct():
        raise Malformed("an id stands twice")
    return seen


def _beside(files: Sequence[Checked], contract: Contract) -> Iterator[pl.DataFrame]:
    """Yield the rows of all files side by side, as far as they have the same ids."""
    import polars as pl

    sources = [_sound_blocks(file, contract) for file in files]
    held = [next(source, pl.DataFrame({"id": []})) for source in sources]
    while height := min(map(len, held)):
        parts = [frame[:height] for frame in held]
        if not all((part["id"] == parts[0]["id"]).all() for part in parts[1:]):
            raise _OthersError
        yield pl.DataFrame([parts[0]["id"], *_numbers(files, parts)])
        held = [_refilled(frame[height:], source) for frame, source in zip(held, sources, strict=True)]
    if any(map(len, held)):
        raise _OthersError


def _refilled(frame: pl.DataFrame, source: Iterator[pl.DataFrame]) -> pl.DataFrame:
    import polars as pl

    more = next(source, None) if len(frame) < _ENOUGH else None
    return frame if more is None else pl.concat([frame, more], rechunk=True) if len(frame) else more


def _matched(files: Sequence[Checked], contract: Contract) -> Iterator[pl.DataFrame]:
    """Yield the rows of all files, each brought into the first one's order, if all have its ids."""
    import polars as pl

    reference, *others = files
    parts = [pl.concat(_sound_blocks(reference, contract), rechunk=True)]
    ids = parts[0]["id"]
    order = ids.hash().arg_sort()
    back = pl.zeros(len(ids), pl.UInt32, eager=True).scatter(order, pl.int_range(len(ids), dtype=pl.UInt32, eager=True))
    for file in others:
        frame = pl.concat(_sound_blocks(file, contract), rechunk=True)
        if len(frame) != len(ids):
            raise _OthersError
        file.aligned = bool((frame["id"] == ids).all())
        if not file.aligned:
            # Sorted by the hashes of their ids, rows that belong together have the same place; the ids say if it is so.
            places = frame["id"].hash().arg_sort().gather(back)
            if not (frame["id"].gather(places) == ids).all():
                raise _OthersError
            frame = pl.DataFrame([column.gather(places) for column in frame if column.name != "id"])
        parts.append(frame.drop("id", strict=False))
    whole = pl.DataFrame([ids, *_numbers(files, parts)])
    yield from (whole[first : first + _ROWS_AT_ONCE] for first in range(0, len(whole), _ROWS_AT_ONCE))


def _sound_blocks(file: Checked, contract: Contract) -> Iterator[pl.DataFrame]:
    """Yield the blocks of a file, of the template only the ids; raise Malformed at one that isn't as it must be."""
    import polars as pl

    source = file.source
    columns = source.columns if file.pillar else source.columns[:1]
    cells = [pl.col(f"t{n}") for n in range(len(columns) - 1)]
    words: list[pl.Expr] = []
    if contract.id_pattern is not None:
        words.append(pl.col("id").str.contains(rf"\A(?:{contract.id_pattern})\z"))
    if source.spaced:
        words.append(~pl.col("id").str.contains(EDGED))
        words += [cell.str.contains(rf"\A(?:{NUMBER})\z") for cell in cells]
    bounds = [cell.is_finite() for cell in cells]
    bounds += [cell >= contract.min for cell in cells if contract.min is not None]
    bounds += [cell <= contract.max for cell in cells if contract.max is not None]
    try:
        for frame in blocks(source, columns, numbers=not source.spaced):
            numbers = frame.with_columns(cell.cast(pl.Float64) for cell in cells) if _all(frame, words) else None
            if numbers is None or not _all(numbers, bounds):
                raise Malformed("a cell is not as it must be")
            yield numbers
    except pl.exceptions.PolarsError as error:
        raise Malformed(str(error)) from error


def _all(frame: pl.DataFrame, conditions: Sequence[pl.Expr]) -> bool:
    answers = frame.select(condition.all().alias(f"a{place}") for place, condition in enumerate(conditions))
    return not conditions or all(answers.row(0))


def _numbers(files: Sequence[Checked], parts: Sequence[pl.DataFrame]) -> Iterator[pl.Series]:
    pillars = (part for file, part in zip(files, parts, strict=True) if file.pillar)
    for place, part in enumerate(pillars):
        for name in part.columns:
            if name != "id":
                yield part[name].alias(f"n{place}_{name[1:]}")


def _width(files: Sequence[Checked], contract: Contract) -> int:
    return len(contract.targets) * sum(1 for file in files if file.pillar)
