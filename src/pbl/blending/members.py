"""Several files that are one pillar: their weighted mean takes the place of their numbers.

`_submission` and `compare` call it when the files' rows are side by side. The terms are added in the order of the
files, in double precision, by the database and by polars alike.
"""

from __future__ import annotations

from dataclasses import replace
from functools import reduce
from typing import TYPE_CHECKING

from pbl_sql import Sql, join

from pbl.blending._align import Batches
from pbl.reading.prefetch import Pull

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Sequence

    import polars as pl

    from pbl.blending._align import Table
    from pbl.checks.open_files import CheckedFile
    from pbl.domain.pillars import Pillar, Selection
    from pbl.engine.duck import Duck

_MERGED = Sql("pillar_numbers")


def merge_members(duck: Duck, rows: Table | Batches, selection: Selection) -> Table | Batches:
    """Return aligned rows with the numbers of each pillar in place of those of each file."""
    if not any(pillar.members for pillar in selection.pillars):
        return rows
    targets = len(selection.contract.targets)
    if isinstance(rows, Batches):
        return Batches(rows=Pull(_merge_batches(rows.rows, selection, targets)))
    files = sum(len(pillar.files) for pillar in selection.pillars)
    columns = [[Sql(f"n{file}_{t}") for t in range(targets)] for file in range(files)]
    numbers, values = means_of_members(selection, columns)
    duck.run("blend/merge_members", values, numbers=join(numbers), files=rows.name)
    return replace(rows, name=_MERGED)


def means_of_members(selection: Selection, columns: Sequence[Sequence[Sql]]) -> tuple[list[Sql], dict[str, float]]:
    """Return the numbers n0_0, n0_1, ... of the pillars in SQL, and the values of their $parameters.

    `columns` are files x targets, the files in the order of the pillars.
    """
    numbers: list[Sql] = []
    values: dict[str, float] = {}
    for place, (pillar, files) in enumerate(_by_pillar(selection)):
        for t in range(len(columns[0])):
            terms = [columns[file][t] for file in files]
            if pillar.members:
                terms = [Sql(f"$member{file} * {term}") for file, term in zip(files, terms, strict=True)]
            numbers.append(Sql(f"{join(terms, ' + ')} AS n{place}_{t}"))
        if pillar.members:
            values |= {f"member{file}": share for file, share in zip(files, pillar.shares, strict=True)}
    return numbers, values


def _merge_batches(
    batches: Pull[pl.DataFrame, tuple[CheckedFile, ...]], selection: Selection, targets: int
) -> Generator[pl.DataFrame, None, tuple[CheckedFile, ...]]:
    import polars as pl

    for batch in batches:
        columns = [batch["id"]]
        for place, (pillar, files) in enumerate(_by_pillar(selection)):
            for t in range(targets):
                terms = [batch[f"n{file}_{t}"] for file in files]
                if pillar.members:
                    terms = [term * share for term, share in zip(terms, pillar.shares, strict=True)]
                columns.append(reduce(lambda a, b: a + b, terms).alias(f"n{place}_{t}"))
        yield pl.DataFrame(columns)
    return batches.result


def _by_pillar(selection: Selection) -> Iterator[tuple[Pillar, range]]:
    """Yield each pillar with the places of its files among all files."""
    first = 0
    for pillar in selection.pillars:
        yield pillar, range(first, first + len(pillar.files))
        first += len(pillar.files)
