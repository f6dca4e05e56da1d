"""The rows of Parquet parts in the columns of a contract: the text `id`, and t0, t1, ... as float64.

`checks` and `blending` read Parquet with it; wide rows are read in smaller batches.
"""

from __future__ import annotations

from contextlib import closing
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError
from pbl.reading.parquet import open_parts, read_frames

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    import polars as pl

    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.reading.parquet import PartsFile

_FEW_ROWS = 10_000


def read_rows(
    file: PartsFile, contract: Contract, limits: Limits, *, ids_only: bool = False, numbers_only: bool = False
) -> Iterator[pl.DataFrame]:
    """Yield all rows in order, with ids, targets or both; raises what `read_frames` does."""
    targets = () if ids_only else contract.targets
    rows = max(min(limits.sizes.parquet_rows, limits.sizes.cells // (1 + len(targets))), 1)
    return read_frames(file, targets, [] if numbers_only else [contract.id], rows=rows)


def has_constant_parts(path: Path, contract: Contract) -> bool:
    """Say whether a Parquet file has two rows or more, and one number throughout, as `has_constant_targets` for CSV."""
    import polars as pl

    try:
        file = open_parts(path, None)
        with closing(file):
            columns = file.parts[0].columns
            named = all(name in columns for name in contract.columns)
            targets = list(contract.targets if named else list(columns)[1:])
            numeric = bool(targets) and all(columns[name].is_numeric() for name in targets)
            if file.rows <= 1 or not numeric:
                return False
            seen: set[tuple[object, ...]] = set()
            for frame in read_frames(file, targets, [next(iter(columns))], rows=_FEW_ROWS):
                numbers = frame.drop("id")
                if any(numbers.null_count().row(0)) or not all(numbers.select(pl.all().is_finite().all()).row(0)):
                    return False
                seen |= set(numbers.unique().rows())
                if len(seen) > 1:
                    return False
            return True
    except (InputError, OSError):
        return False


def has_plain_ids(frame: pl.DataFrame) -> bool:
    """Say whether all ids are ASCII without a NUL byte; an id that is NULL counts as such."""
    import polars as pl

    cell = pl.col("id")
    asked = (cell.str.len_bytes().sum() == cell.str.len_chars().sum()), ~cell.str.contains("\0", literal=True).any()
    return all(frame.select(each.alias(f"a{n}") for n, each in enumerate(asked)).row(0))
