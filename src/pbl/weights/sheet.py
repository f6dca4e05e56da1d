"""Hold truth and out-of-fold predictions side by side: one frozen value, rows in order of id.

The reader makes it from files with `make_sheet`; every other module of this room takes it from there.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]
    Texts = NDArray[np.object_]


@dataclass(frozen=True, kw_only=True)
class Sheet:
    """m ids in order, c target columns, n = m * c rows (row = id * c + column), p pillars."""

    ids: Texts
    columns: tuple[str, ...]
    truth: Floats
    """n numbers; 0 and 1 where the truth is a class."""
    pillars: tuple[str, ...]
    predictions: Floats
    """p x n numbers; may be mapped from disk, for it is read in blocks wherever the metric allows."""
    names: tuple[str, ...]
    target: Integers
    """The target name of each row, as a place in `names`."""
    samples: tuple[str, ...]
    sample: Integers
    groups: tuple[str, ...]
    group: Integers
    """The group of each row, as a place in `groups`; a sample is in one group."""
    grouped_by: tuple[str, ...]
    label: Integers | None = None
    """The class of each id, as a place in `columns`."""
    folds: Mapping[str, Texts] = field(default_factory=dict)
    """The fold of each id as a file has it, by pillar; the truth's own is under the empty name."""
    extra: Mapping[str, Texts] = field(default_factory=dict)
    """Further columns of the truth, by id."""
    id_name: str = "sample_id"
    label_name: str = ""
    separator: str = "__"
    """What parts a sample from the target's name in an id; empty where nothing does."""

    @property
    def width(self) -> int:
        """Return the number of target columns."""
        return len(self.columns)

    @property
    def rows(self) -> int:
        """Return the number of rows."""
        return len(self.truth)

    def by_id(self, values: NDArray[np.generic]) -> NDArray[np.generic]:
        """Return what `values` of rows are for each id, which must be one value an id."""
        return values[:: self.width]

    def sample_of_groups(self) -> Integers:
        """Return the group of each sample."""
        found = np.zeros(len(self.samples), dtype=np.intp)
        found[self.sample] = self.group
        return found

    def of_target(self, t: int) -> Sheet:
        """Return the sheet of one target name's rows; a class becomes its column of 0 and 1. Places of groups stay."""
        rows = np.flatnonzero(self.target == t)
        at = rows // self.width
        return replace(
            self,
            ids=self.ids[at],
            columns=(self.columns[t],) if self.width > 1 else self.columns,
            truth=self.truth[rows],
            predictions=self.predictions[:, rows],
            names=(self.names[t],),
            target=np.zeros(len(rows), dtype=np.intp),
            sample=self.sample[rows],
            group=self.group[rows],
            label=None,
            folds={name: labels[at] for name, labels in self.folds.items()},
            extra={name: values[at] for name, values in self.extra.items()},
        )


def make_sheet(
    *,
    ids: Sequence[str] | Texts,
    columns: Sequence[str],
    truth: ArrayLike | None,
    predictions: Mapping[str, ArrayLike],
    separator: str = "__",
    groups: Mapping[str, Sequence[str] | Texts] | None = None,
    label: Sequence[str] | Texts | None = None,
    folds: Mapping[str, Sequence[str] | Texts] | None = None,
    extra: Mapping[str, Sequence[object] | Texts] | None = None,
    id_name: str = "sample_id",
    label_name: str = "",
) -> Sheet:
    """Return the sheet of columns that share one order of ids, whatever that order is.

    `truth` and each of `predictions` are of shape (ids,) or (ids, columns). `label` replaces `truth`: the class of
    each id, the name of a column. `groups` are the truth's columns by which rows belong together, else samples do.
    """
    given = _texts(ids)
    order = np.argsort(given, kind="stable")
    sorted_ids = given[order]
    in_order = bool((order == np.arange(len(order))).all())
    width = len(columns)
    classes = None if label is None else _classes(_texts(label)[order], tuple(columns))
    by_row = None if in_order else order
    numbers = _rows(np.eye(width)[classes], None, width) if classes is not None else _rows(truth, by_row, width)
    stems, suffixes = _split(sorted_ids, separator)
    samples, sample = factor(stems)
    if width > 1:
        names, target = tuple(columns), np.tile(np.arange(width), len(sorted_ids))
    else:
        # As `blend` does: an id without the separator is a row of the column's own name.
        names, target = factor([columns[0] if s is None else s for s in suffixes])
    group_names, group = _groups(samples, sample, {k: _texts(v)[order] for k, v in (groups or {}).items()})
    return Sheet(
        ids=sorted_ids,
        columns=tuple(columns),
        truth=numbers,
        pillars=tuple(predictions),
        predictions=_stack(list(predictions.values()), by_row, width, len(numbers)),
        names=names,
        target=target,
        samples=samples,
        sample=np.repeat(sample, width),
        groups=group_names,
        group=np.repeat(group, width),
        grouped_by=tuple(groups) if groups else ("sample",),
        label=classes,
        folds={name: _texts(labels)[order] for name, labels in (folds or {}).items()},
        extra={name: np.array(list(values), dtype=object)[order] for name, values in (extra or {}).items()},
        id_name=id_name,
        label_name=label_name,
        separator=separator,
    )


def factor(texts: Iterable[str]) -> tuple[tuple[str, ...], Integers]:
    """Return the different texts in order, and the place of each text among them: `numpy.unique` sorts them all."""
    every = list(texts)
    names = tuple(sorted(set(every)))
    place = dict(zip(names, range(len(names)), strict=True))
    return names, np.fromiter(map(place.__getitem__, every), dtype=np.intp, count=len(every))


def _texts(values: Sequence[str] | Texts) -> Texts:
    found = np.empty(len(values), dtype=object)
    found[:] = values
    return found


def _rows(values: ArrayLike | None, order: Integers | None, width: int) -> Floats:
    """Return numbers row by row in the given order of ids."""
    table = np.asarray(values, dtype=np.float64).reshape(-1, width)
    return (table if order is None else table[order]).reshape(-1)


def _stack(tables: Sequence[ArrayLike], order: Integers | None, width: int, length: int) -> Floats:
    """Return the rows of tables below each other; one table at a time is copied on the way."""
    found = np.empty((len(tables), length))
    for k, table in enumerate(tables):
        found[k] = _rows(table, order, width)
    return found


def _classes(label: Texts, columns: tuple[str, ...]) -> Integers:
    place = {name: k for k, name in enumerate(columns)}
    return np.array([place[name] for name in label], dtype=np.intp)


def _split(ids: Texts, separator: str) -> tuple[Texts, list[str | None]]:
    """Return what precedes and what follows the last separator; the id and None where there is none."""
    if not separator:
        return ids, [None] * len(ids)
    parts = [str(each).rpartition(separator) for each in ids]
    stems = _texts([head if found else tail for head, found, tail in parts])
    return stems, [tail if found else None for _, found, tail in parts]


def _groups(samples: tuple[str, ...], sample: Integers, keys: Mapping[str, Texts]) -> tuple[tuple[str, ...], Integers]:
    """Return the groups' names in order and the group of each id: samples that share a key are one group."""
    if not keys:
        return samples, sample.astype(np.intp)
    joined = _texts(["\x1f".join(map(str, row)) for row in zip(*keys.values(), strict=True)])
    values, value = np.unique(joined, return_inverse=True)
    root = list(range(len(values)))

    def find(k: int) -> int:
        while root[k] != k:
            root[k] = root[root[k]]
            k = root[k]
        return k

    first: dict[int, int] = {}
    for of_sample, of_value in sorted(set(zip(sample.tolist(), value.tolist(), strict=True))):
        a, b = find(first.setdefault(of_sample, of_value)), find(of_value)
        root[max(a, b)] = min(a, b)
    roots = np.array([find(k) for k in range(len(values))], dtype=np.intp)[value]
    used, group = np.unique(roots, return_inverse=True)
    return tuple(str(values[k]) for k in used), group.astype(np.intp)
