"""Bring the rows of large files into one order: the first file's.

Files whose rows stand in any order are matched by the hashes of their ids, and the ids confirm it; in memory, or, where
that is too small, in parts: rows whose ids have like hashes go to one part on the disk, and each is matched alone.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.blocks import ahead, blocks
from pbl.checked import EDGED
from pbl.contract import NUMBER
from pbl.duck import no_room
from pbl.reading import Malformed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    import polars as pl

    from pbl.checked import Checked
    from pbl.contract import Contract

_ROWS_AT_ONCE = 200_000
_CELLS_AT_ONCE = 4_000_000


class OthersError(Exception):
    """The files don't have the same ids, or not in the same order."""


def matched(files: Sequence[Checked], contract: Contract) -> Iterator[pl.DataFrame]:
    """Yield the rows of all files side by side, in the first one's order; raise OthersError if not all have its ids."""
    import polars as pl

    frames = (pl.concat(sound_blocks(file, contract), rechunk=True).with_row_index("row") for file in files)
    whole, aligned = _matched(files, frames)
    for file, same in zip(files, aligned, strict=True):
        file.aligned = same
    whole = whole.drop("row")
    yield from (whole[first : first + _ROWS_AT_ONCE] for first in range(0, len(whole), _ROWS_AT_ONCE))


def matched_in_parts(files: Sequence[Checked], contract: Contract, folder: Path, parts: int) -> Iterator[pl.DataFrame]:
    """Yield what `matched` does, by way of the folder; raises EngineError if the disk is too small."""
    import polars as pl

    try:
        for place, file in enumerate(files):
            _part(sound_blocks(file, contract), folder, f"file{place}", parts)
        at_once = 0
        for file in files:
            file.aligned = True
        for part in range(parts):
            frames = (_gathered(folder, f"file{place}-part{part}") for place in range(len(files)))
            whole, aligned = _matched(files, frames)
            for file, same in zip(files, aligned, strict=True):
                file.aligned &= same
            at_once = at_once or max(_CELLS_AT_ONCE // len(whole.columns), 1)
            for (turn,), frame in whole.group_by(pl.col("row") // at_once, maintain_order=True):
                frame.write_ipc(folder / f"turn{turn}-part{part}.arrow")
        turn = 0
        while len(frame := _gathered(folder, f"turn{turn}")):
            yield frame.sort("row").drop("row")
            turn += 1
    except (OSError, pl.exceptions.PolarsError) as error:
        raise no_room(str(error)) from error


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


def _part(frames: Iterator[pl.DataFrame], folder: Path, called: str, parts: int) -> None:
    """Put rows, numbered, into as many parts on the disk, by the hashes of their ids."""
    import polars as pl

    rows = 0
    for number, frame in enumerate(ahead(frames)):
        numbered = frame.with_row_index("row", rows).with_columns(part=pl.col("id").hash() % parts)
        for (part,), rows_of_part in numbered.group_by("part", maintain_order=True):
            rows_of_part.drop("part").write_ipc(folder / f"{called}-part{part}-{number}.arrow")
        rows += len(frame)


def _gathered(folder: Path, called: str) -> pl.DataFrame:
    """Read what was put on the disk under names that begin so, in order of their rows, and remove it."""
    import polars as pl

    paths = list(folder.glob(f"{called}-*.arrow"))
    frames = [pl.read_ipc(path) for path in paths]
    for path in paths:
        path.unlink()
    return pl.concat(frames, rechunk=True).sort("row") if frames else pl.DataFrame({"row": []})


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
