"""Bring the rows of large files into one order: the first file's.

Files whose rows stand in any order are matched by the hashes of their ids, and the ids confirm it; in memory, or, where
that is too small, in parts: rows whose ids have like hashes go to one part on the disk, and each is matched alone.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pbl.checks._checked import EDGED
from pbl.domain.errors import Malformed
from pbl.domain.values import NUMBER
from pbl.engine.duck import no_room
from pbl.reading.blocks import blocks
from pbl.reading.prefetch import ahead, threads

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from pbl.checks._checked import Checked
    from pbl.domain.contract import Contract

_CELLS_AT_ONCE = 2_000_000
_MOST_TIMES = 3
"""Blocks at once where rows are long: what is asked of them takes its time to plan, however few they are."""


class OthersError(Exception):
    """The files don't have the same ids, or not in the same order."""


def matched(files: Sequence[Checked], contract: Contract) -> Generator[pl.DataFrame]:
    """Yield the rows of all files side by side, in the first one's order; raise OthersError if not all have its ids."""
    import polars as pl

    frames = (pl.concat(sound_blocks(file, contract), rechunk=True).with_row_index("row") for file in files)
    whole, aligned = _matched(files, frames)
    for file, same in zip(files, aligned, strict=True):
        file.aligned = same
    whole = whole.drop("row")
    height = _height(whole)
    yield from (whole[start : start + height] for start in range(0, len(whole), height))


def matched_in_parts(files: Sequence[Checked], contract: Contract, folder: Path, parts: int) -> Generator[pl.DataFrame]:
    """Yield what `matched` does, by way of the folder; raises EngineError if the disk is too small."""
    import polars as pl

    for file in files:
        file.aligned = True
    parted = [_parted(sound_blocks(file, contract), _Shelf(folder / f"file{n}"), parts) for n, file in enumerate(files)]
    turns, height = _Shelf(folder / "turns"), 0
    for part in range(parts):
        if len(have := {part in shelf.names for shelf in parted}) > 1:
            raise OthersError
        if have == {False}:
            continue
        whole, aligned = _matched(files, (shelf.take(part) for shelf in parted))
        for file, same in zip(files, aligned, strict=True):
            file.aligned &= same
        height = height or _height(whole)
        for (turn,), rows in whole.group_by(pl.col("row") // height, maintain_order=True):
            turns.put(int(turn), rows)
    for turn in sorted(turns.names):
        yield turns.take(turn).drop("row")


def _matched(files: Sequence[Checked], frames: Iterator[pl.DataFrame]) -> tuple[pl.DataFrame, list[bool]]:
    """Return the rows of frames (row, id, numbers) in the first one's order, and of each if its rows are the same."""
    import polars as pl

    first = next(frames)
    ids, rows = first["id"], first["row"]
    order = ids.hash().arg_sort()
    back = pl.zeros(len(ids), pl.UInt32, eager=True).scatter(order, pl.int_range(len(ids), dtype=pl.UInt32, eager=True))
    parts, aligned = [first], [True]
    del first
    for frame in frames:
        if len(frame) != len(ids):
            raise OthersError
        if not (same := bool((frame["id"] == ids).all())):
            # Sorted by the hashes of their ids, rows that belong together have the same place; the ids say if it is so.
            places = frame["id"].hash().arg_sort().gather(back)
            if not (frame["id"].gather(places) == ids).all():
                raise OthersError
            frame = pl.DataFrame([column.gather(places) for column in frame if column.name != "id"])  # noqa: PLW2901
        aligned.append(same and bool((frame["row"] == rows).all()))
        parts.append(frame.drop("id", "row", strict=False))
    return pl.DataFrame([rows, ids, *numbers(files, parts)]), aligned


def _parted(frames: Iterator[pl.DataFrame], shelf: _Shelf, parts: int) -> _Shelf:
    """Put rows, numbered, into as many parts on the disk, by the hashes of their ids."""
    import polars as pl

    rows = 0
    with threads(1) as pool:
        for frame in ahead(frames, pool):
            numbered = frame.with_row_index("row", rows).with_columns(part=pl.col("id").hash() % parts)
            for (part,), rows_of_part in numbered.group_by("part", maintain_order=True):
                shelf.put(int(part), rows_of_part.drop("part"))
            rows += len(frame)
    return shelf


class _Shelf:
    """A folder of rows, put there by number, piece by piece, and taken from there together."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[int, list[Path]] = {}
        self._folder = folder
        with _room():
            folder.mkdir()

    def put(self, number: int, frame: pl.DataFrame) -> None:
        """Put another piece there."""
        pieces = self.names.setdefault(number, [])
        pieces.append(self._folder / f"{number}-{len(pieces)}.arrow")
        with _room():
            frame.write_ipc(pieces[-1])

    def take(self, number: int) -> pl.DataFrame:
        """Take all pieces of a number from there, as one frame in the order of `row`."""
        import polars as pl

        pieces = self.names.pop(number)
        with _room():
            frames = [pl.read_ipc(piece) for piece in pieces]
            for piece in pieces:
                piece.unlink()
        return pl.concat(frames, rechunk=True).sort("row")


@contextmanager
def _room() -> Iterator[None]:
    import polars as pl

    try:
        yield
    except (OSError, pl.exceptions.PolarsError) as error:
        raise no_room(str(error)) from error


def _height(frame: pl.DataFrame) -> int:
    """Return how many rows of a frame to hand on at once."""
    return max(_CELLS_AT_ONCE // len(frame.columns), 1)


def numbers(files: Sequence[Checked], parts: Sequence[pl.DataFrame]) -> Iterator[pl.Series]:
    """Yield the numbers of each pillar's part as n0_0, n0_1, ..."""
    pillars = (part for file, part in zip(files, parts, strict=True) if file.pillar)
    for place, part in enumerate(pillars):
        for name in part.columns:
            if name not in {"id", "row"}:
                yield part[name].alias(f"n{place}_{name[1:]}")


def sound_blocks(file: Checked, contract: Contract) -> Iterator[pl.DataFrame]:
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
        for frame in blocks(source, columns, numbers=not source.spaced, times=min(1 + len(cells) // 5, _MOST_TIMES)):
            cast = frame.with_columns(cell.cast(pl.Float64) for cell in cells) if _all(frame, words) else None
            if cast is None or not _all(cast, bounds):
                raise Malformed("a cell is not as it must be")
            yield cast
    except pl.exceptions.PolarsError as error:
        raise Malformed(str(error)) from error


def _all(frame: pl.DataFrame, conditions: Sequence[pl.Expr]) -> bool:
    answers = frame.select(condition.all().alias(f"a{place}") for place, condition in enumerate(conditions))
    return not conditions or all(answers.row(0))
