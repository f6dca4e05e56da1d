"""Arrange the truth's rows as samples x targets, each cell there once, samples and targets in order of their names.

Between the truth's sheet and the learners, and back: predictions of the table become the sheet's rows.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.findings import Example
from pbl.domain.wording import plural
from pbl.training._table import SHOWN, data_error, make_finding
from pbl.training.fitted import Form

if TYPE_CHECKING:
    from pathlib import Path

    from numpy.typing import NDArray

    from pbl.training.fitted import Task
    from pbl.weights.folds import Folds
    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

_SUM = 1e-9


@dataclass(frozen=True, kw_only=True)
class Targets:
    """The truth as samples x targets, with the fold and the group of each sample."""

    form: Form
    samples: tuple[str, ...]
    names: tuple[str, ...]
    values: Floats
    fold: Integers
    group: tuple[str, ...]
    places: tuple[Integers, Integers]
    """The sample and the target of each of the sheet's rows."""

    def rows(self, table: Floats) -> Floats:
        """Return a table's numbers row by row, as the sheet has them."""
        return np.asarray(table[self.places])


def arrange(sheet: Sheet, folds: Folds, path: Path) -> Targets:
    """Return the truth's table; raise FindingsError where a sample lacks a target (PBL807), or is in no one fold."""
    form = _form(sheet)
    keys = sheet.by_id(sheet.sample) if form.separator is not None else np.arange(len(sheet.ids))
    samples = [sheet.samples[k] for k in keys] if form.separator is not None else [str(each) for each in sheet.ids]
    names, sample = np.unique(np.array(samples, dtype=object), return_inverse=True)
    if form.separator is not None:
        targets, place = np.unique(np.array(sheet.names, dtype=object), return_inverse=True)
        target = place[sheet.target]
    else:  # a column is a target, whatever some of the ids end in
        targets, place = np.unique(np.array(sheet.columns, dtype=object), return_inverse=True)
        target = np.tile(place, len(sheet.ids))
    places = (np.repeat(sample, sheet.width), target)
    counts = np.zeros((len(names), len(targets)), dtype=np.intp)
    np.add.at(counts, places, 1)
    _check_complete(counts, names, targets, path)
    values = np.zeros(counts.shape)
    values[places] = sheet.truth
    fold = np.zeros(len(names), dtype=np.intp)
    fold[places[0]] = folds.row
    group = np.zeros(len(names), dtype=np.intp)
    group[places[0]] = sheet.group
    _check_folds(sheet, folds, path)
    return Targets(
        form=form,
        samples=tuple(map(str, names)),
        names=tuple(map(str, targets)),
        values=values,
        fold=fold,
        group=tuple(sheet.groups[g] for g in group),
        places=places,
    )


def find_task(values: Floats) -> Task:
    """Return what the targets are: of 0 and 1 alone, classes if there are several and each row sums to 1."""
    if not np.isin(values, (0.0, 1.0)).all():
        return "regression"
    classes = values.shape[1] > 1 and (np.abs(values.sum(axis=1) - 1) <= _SUM).all()
    return "multiclass" if classes else "binary"


def _form(sheet: Sheet) -> Form:
    """Return how the sheet's rows are named; ids with a target behind the sample are all alike in it."""
    if sheet.width == 1 and all(
        str(each) != sheet.samples[k] for each, k in zip(sheet.ids, sheet.by_id(sheet.sample), strict=True)
    ):
        first, sample, target = str(sheet.ids[0]), sheet.samples[sheet.sample[0]], sheet.names[sheet.target[0]]
        separator = first[len(sample) : len(first) - len(target)]
        return Form(id=sheet.id_name, columns=sheet.columns, separator=separator)
    return Form(id=sheet.id_name, columns=sheet.columns)


def _check_complete(counts: Integers, names: NDArray[np.object_], targets: NDArray[np.object_], path: Path) -> None:
    lacking = np.argwhere(counts == 0)
    if not len(lacking):
        return
    examples = tuple(Example(id=f"{names[s]}", value=f"{targets[t]}") for s, t in lacking[:SHOWN])
    samples = len(np.unique(lacking[:, 0]))
    said = f"{samples:,} of {plural(len(names), 'sample')} lack a target, first {names[lacking[0, 0]]} its "
    found = make_finding(path, "PBL807", f"{said}{targets[lacking[0, 1]]}", count=len(lacking), examples=examples)
    raise data_error([path], [found])


def _check_folds(sheet: Sheet, folds: Folds, path: Path) -> None:
    """Raise FindingsError where a group is in two folds (PBL808)."""
    pairs = np.unique(np.stack([sheet.group, folds.row]), axis=1)
    names, counts = np.unique(pairs[0], return_counts=True)
    split = [sheet.groups[g] for g in names[counts > 1]]
    if split:
        said = f"{plural(len(split), 'group')} in more than one fold, first {split[0]}"
        examples = tuple(Example(id=each) for each in split[:SHOWN])
        raise data_error([path], [make_finding(path, "PBL808", said, count=len(split), examples=examples)])
