"""Line large files up, in memory: with polars, which is faster than the database and doesn't spill.

As everything that makes the table `numbers`, it says that all is as it must be, or that it can't tell.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.blocks import ahead, batched, blocks
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


def line_up(duck: Duck, files: Sequence[Checked], contract: Contract, memory: int, progress: Progress) -> bool:
    """Make the table of numbers of plain files of as many rows each, the first being the reference.

    Its columns are id, n0_0, n0_1, ..., a pillar's numbers together, and its rows the reference's, in order. Say
    whether all ids were the reference's, and note in each file whether it has them in the same order. If not all have,
    they are taken into memory, if it holds no more than `memory` bytes. Raises Malformed at a cell that isn't sound.
    """
    firsts = {file.source.first for file in files}
    if len(firsts) == 1 and _insert(duck, files, _beside(files, contract), progress):
        for file in files:
            file.aligned = True
        return True
    rows = files[0].source.rows
    needed = 2 * max(file.source.size or 0 for file in files) + rows * (_BYTES_A_ROW + 8 * _width(files, contract))
    return needed <= memory and _insert(duck, files, _matched(files, contract), progress)


def _insert(duck: Duck, files: Sequence[Checked], frames: Iterator[pl.DataFrame], progress: Progress) -> bool:
    """Put frames into the table, some at a time; say whether they had all rows."""
    rows, done = files[0].source.rows, 0
    progress.stage(f"lining up {rows:,} rows of {len(files)} files", lambda: done / rows)
    duck.drop("numbers")
    for frame in ahead(batched(frames)):
        duck.add_frame("numbers", frame)
        done += len(frame)
    return done == rows


def _beside(files: Sequence[Checked], contract: Contract) -> Iterator[pl.DataFrame]:
    """Yield the rows of all files side by side, as far as they have the same ids."""
    import polars as pl

    sources = [_sound_blocks(file, contract) for file in files]
    held = [pl.DataFrame() for _ in files]
    while True:
        held = [frame if len(frame) else next(source, frame) for frame, source in zip(held, sources, strict=True)]
        height = min(map(len, held))
        parts = [frame[:height] for frame in held]
        held = [frame[height:] for frame in held]
        if not height or not all((part["id"] == parts[0]["id"]).all() for part in parts[1:]):
            return
        yield pl.DataFrame([parts[0]["id"], *_numbers(files, parts)])


def _matched(files: Sequence[Checked], contract: Contract) -> Iterator[pl.DataFrame]:
    """Yield the rows of all files, each brought into the reference's order, if all have its ids."""
    import polars as pl

    reference, *others = files
    parts = [pl.concat(_sound_blocks(reference, contract), rechunk=True)]
    ids = parts[0]["id"]
    back = ids.hash().arg_sort().arg_sort()
    for file in others:
        frame = pl.concat(_sound_blocks(file, contract), rechunk=True)
        file.aligned = bool((frame["id"] == ids).all())
        if not file.aligned:
            # Sorted by the hashes of their ids, rows that belong together have the same place; the ids say if it is so.
            places = frame["id"].hash().arg_sort().gather(back)
            frame = pl.DataFrame([column.gather(places) for column in frame])
            if not (frame["id"] == ids).all():
                return
        parts.append(frame.drop("id"))
    yield pl.DataFrame([ids, *_numbers(files, parts)])


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
