"""Read the truth: ids, targets or classes, and the columns that are named beside them.

Below `oof`, which lays predictions beside it.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.checks.locate import locate
from pbl.domain.errors import DataError
from pbl.domain.findings import Example
from pbl.weights._checked import refuse_missing
from pbl.weights._columns import column_names, fetch, retype, text_columns, to_numbers, to_texts

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import numpy as np
    import polars as pl
    from numpy.typing import NDArray

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.contract import Contract
    from pbl.engine.duck import Duck
    from pbl.weights._checked import Checked

    Floats = NDArray[np.float64]
    Texts = NDArray[np.object_]

FOLD = "fold"
_FEWEST_VALUES = 8
_MOST_VALUES = 0.6
"""Of the rows: a column of fewer or more values than these has no groups that folds could split."""


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The columns of the truth that a command names, beside the id and the targets."""

    groups: tuple[str, ...] = ()
    label: str | None = None
    columns: tuple[str, ...] = ()
    """For a metric file."""
    others: bool = False
    """Whether the other columns are wanted too, to see whether errors are alike within them."""

    @property
    def named(self) -> tuple[tuple[str, str], ...]:
        """Return what wants each column, and the column."""
        label = [] if self.label is None else [("label", self.label)]
        return (*(("groups", each) for each in self.groups), *label, *(("columns", each) for each in self.columns))


@dataclass(frozen=True, kw_only=True)
class Truth:
    """The truth in the order of its ids; `texts` are the columns that are named, `extra` those of `Sheet.extra`."""

    ids: Texts
    numbers: Floats | None
    texts: Mapping[str, Texts]
    extra: Mapping[str, Texts]


def read_truth(checked: Checked, contract: Contract, wanted: Wanted) -> Truth:
    """Return the truth, which is the first of the files.

    Raises UsageError for a column that it hasn't, FindingsError for an empty cell and DataError for a class that is no
    target.
    """
    file = checked.files[0]
    refuse_missing(file, wanted.named)
    header = column_names(file)
    numbers = [] if wanted.label else contract.targets
    named = [column for column in dict.fromkeys([FOLD, *(each for _, each in wanted.named)]) if column in header]
    frame = fetch(checked.duck, file, "of_truth", numbers=numbers, texts=named)
    place = {column: f"t{len(numbers) + n}" for n, column in enumerate(named)}
    checked.refuse_blank(file, frame, {column: at for column, at in place.items() if column not in wanted.columns})
    texts = {column: to_texts(frame[at]) for column, at in place.items()}
    if wanted.label is not None:
        _refuse_labels(file, frame, place[wanted.label], wanted.label, contract.targets)
    extra = {column: retype(texts[column]) for column in wanted.columns}
    if wanted.others:
        known = {contract.id, *numbers, wanted.label, *extra}
        extra |= _read_recurring(checked.duck, file, [column for column in text_columns(file) if column not in known])
    ids = to_texts(frame["id"])
    return Truth(ids=ids, numbers=to_numbers(frame, len(numbers)) if numbers else None, texts=texts, extra=extra)


def _read_recurring(duck: Duck, file: CheckedFile, columns: Sequence[str]) -> dict[str, Texts]:
    """Return those columns whose values may recur in samples, read one after the other: there may be many."""
    found = {}
    for n, column in enumerate(columns):
        texts = fetch(duck, file, f"other{n}", texts=[column])["t0"]
        if _FEWEST_VALUES <= texts.n_unique() <= _MOST_VALUES * len(texts):
            found[column] = to_texts(texts)
    return found


def _refuse_labels(file: CheckedFile, frame: pl.DataFrame, at: str, label: str, targets: Sequence[str]) -> None:
    """Raise DataError for a class that is not the name of a target column."""
    odd = frame.filter(~frame[at].is_in(list(targets))).sort("row")
    if not odd.is_empty():
        row, id_, value = odd.select("row", "id", at).row(0)
        (place,) = locate(file.input, [Example(row=row)])
        row = f"{place.part} row {place.row}" if place.part else f"row {place.row}"
        raise DataError(
            f"{file.input.path}: {row} ({id_}), column {label}: {value!r} is not one of the target columns "
            f"{', '.join(targets)}; so in {len(odd):,} of {len(frame):,} rows"
        )
