"""Put the rows of large files into one order, that of the first file.

`_align_frames` calls it from the row on where the orders differ. Rows are matched by the hashes of their ids, and then
the ids are compared; the few whose hashes are too much alike are matched by the ids themselves. Where memory is too
small, this is done in parts on the disk: a row goes to a part by its id's hash, and each part is matched by itself.
"""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from pbl.domain.errors import Unclear
from pbl.engine.duck import no_room

if TYPE_CHECKING:
    from collections.abc import Generator, Iterable, Iterator, Sequence
    from pathlib import Path

    import polars as pl

_WORD = (1 << 64) - 1
_AT_ONCE = 4
"""Columns to put into another order at a time, by all cores."""
_FEW = 10
"""One wrong place in so many at most may be a matter of hashes that are alike, up to a billion rows."""


def match_in_memory(sources: Sequence[Iterable[pl.DataFrame]], cells: int) -> Generator[pl.DataFrame, None, list[bool]]:
    """Yield the rows of all sources side by side, in the first one's order, in batches of so many `cells`.

    Sources have the column `id`, and numbers whose names are in no other source. Return for each whether it has the
    first one's order. Raises Unclear if not all have the first one's ids.
    """
    import polars as pl

    frames = (pl.concat(source).with_row_index("row") for source in sources)
    whole, in_order = _match(frames)
    whole = whole.drop("row")
    height = _height(whole, cells)
    for start in range(0, len(whole), height):
        yield whole[start : start + height]
    return in_order


def match_on_disk(
    sources: Sequence[Iterable[pl.DataFrame]], cells: int, folder: Path, parts: int
) -> Generator[pl.DataFrame, None, list[bool]]:
    """Do what `match_in_memory` does, with parts in the folder; raises EngineError if the disk is too small."""
    import polars as pl

    in_order = [True] * len(sources)
    parted = [_part(source, _PartFolder(folder / f"file{n}"), parts) for n, source in enumerate(sources)]
    turns, height = _PartFolder(folder / "turns"), 0
    for part in range(parts):
        if len(have := {part in shelf.names for shelf in parted}) > 1:
            raise Unclear("not all files have the same ids")
        if have == {False}:
            continue
        whole, same = _match(shelf.take(part) for shelf in parted)
        in_order = [a and b for a, b in zip(in_order, same, strict=True)]
        height = height or _height(whole, cells)
        for (turn,), rows in whole.group_by(pl.col("row") // height, maintain_order=True):
            turns.put(int(turn), rows)
    for turn in sorted(turns.names):
        yield turns.take(turn).drop("row")
    return in_order


def _match(frames: Iterator[pl.DataFrame]) -> tuple[pl.DataFrame, list[bool]]:
    """Return the rows of frames (row, id, numbers) in the first one's order, and for each whether it had that order."""
    import polars as pl

    first = next(frames)
    ids, rows = first.drop_in_place("id").rechunk(), first.drop_in_place("row").rechunk()
    order = sort_by_hash(ids)
    back = pl.zeros(len(ids), pl.UInt32, eager=True).scatter(order, pl.int_range(len(ids), dtype=pl.UInt32, eager=True))
    columns, in_order = [rows, ids, *_take_columns(first)], [True]
    for frame in frames:
        if len(frame) != len(ids):
            raise Unclear("not all files have as many rows")
        there, their_rows = frame.drop_in_place("id").rechunk(), frame.drop_in_place("row")
        if (there == ids).all():
            in_order.append(bool((their_rows == rows).all()))
            columns += _take_columns(frame)
        else:
            # Sorted by the hashes of their ids, rows that belong together have the same place; the ids prove it.
            places = find_places(there, sort_by_hash(there).gather(back), ids)
            in_order.append(False)
            columns += _take_columns(frame, places)
        del there
    return pl.DataFrame(columns), in_order


def _take_columns(frame: pl.DataFrame, places: pl.Series | None = None) -> Iterator[pl.Series]:
    """Yield the columns of a frame, in the order of places, and take them out of it: so they are in memory once."""
    import polars as pl

    names = frame.columns
    for start in range(0, len(names), _AT_ONCE):
        taken = [frame.drop_in_place(name).rechunk() for name in names[start : start + _AT_ONCE]]
        if places is None:
            yield from taken
        else:
            gathered = [pl.lit(column).gather(pl.col("place")) for column in taken]
            yield from places.to_frame("place").lazy().select(gathered).collect()


def sort_by_hash(ids: pl.Series) -> pl.Series:
    """Return the places of ids in the order of their hashes, as far as a hash fits into 64 bits beside a place.

    One number for both is sorted faster than places by their hashes. Where hashes are alike in the bits that are left,
    as some 45 pairs are of 10 million ids, the earlier place comes first.
    """
    import polars as pl

    low = (1 << len(ids).bit_length()) - 1
    key = (pl.col("id").hash() & (_WORD ^ low)) | pl.int_range(pl.len(), dtype=pl.UInt64)
    keys = ids.to_frame("id").lazy().select(key).collect().to_series().sort()
    return (keys & low).cast(pl.UInt32)


def find_places(there: pl.Series, places: pl.Series, ids: pl.Series) -> pl.Series:
    """Return the place in `there` of each id, given places of which all but a few are right.

    Raises Unclear if an id isn't there, or too many places are wrong. No id may be repeated in `ids`.
    """
    import polars as pl

    rows = pl.DataFrame({"id": ids, "place": places}).lazy()  # all cores gather and compare, as it is lazy
    wrong = rows.select((pl.lit(there).gather(pl.col("place")) != pl.col("id")).arg_true()).collect().to_series()
    if not len(wrong):
        return places
    if len(wrong) > 1 + len(ids) // _FEW:
        raise Unclear("not all files have the same ids")
    left = places.gather(wrong)
    found = pl.DataFrame({"id": there.gather(left), "place": left})
    mended = pl.DataFrame({"id": ids.gather(wrong)}).join(found, on="id", how="left", maintain_order="left")["place"]
    if mended.null_count() or len(mended) != len(wrong):
        raise Unclear("not all files have the same ids")
    return places.scatter(wrong, mended)


def _part(frames: Iterable[pl.DataFrame], shelf: _PartFolder, parts: int) -> _PartFolder:
    """Put rows, with their numbers, into so many parts on the disk, by the hashes of their ids."""
    import polars as pl

    rows = 0
    for frame in frames:
        numbered = frame.with_row_index("row", rows).with_columns(part=pl.col("id").hash() % parts)
        for (part,), rows_of_part in numbered.group_by("part", maintain_order=True):
            shelf.put(int(part), rows_of_part.drop("part"))
        rows += len(frame)
    return shelf


class _PartFolder:
    """A folder of numbered parts, each written piece by piece and read as a whole."""

    def __init__(self, folder: Path) -> None:
        self.names: dict[int, list[Path]] = {}
        self._folder = folder
        with _room():
            folder.mkdir()

    def put(self, number: int, frame: pl.DataFrame) -> None:
        """Write another piece of a part."""
        pieces = self.names.setdefault(number, [])
        pieces.append(self._folder / f"{number}-{len(pieces)}.arrow")
        with _room():
            frame.write_ipc(pieces[-1])

    def take(self, number: int) -> pl.DataFrame:
        """Read and remove all pieces of a part, as one frame in the order of `row`."""
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
    except (OSError, pl.exceptions.ComputeError) as error:
        raise no_room(str(error)) from error


def _height(frame: pl.DataFrame, cells: int) -> int:
    """Return how many rows of a frame a batch has."""
    return max(cells // len(frame.columns), 1)
