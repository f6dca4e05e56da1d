"""Put whole groups into folds, and say whether the folds of the files can be used.

Stands between the sheet and every cross-fitted score; `fit` shares `make_folds`.
"""

from __future__ import annotations

from dataclasses import dataclass
from hashlib import sha256
from heapq import heapreplace
from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.warned import Warned
from pbl.weights.errors import MetricError
from pbl.weights.sheet import factor

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

    from pbl.weights.sheet import Sheet, Texts

    Integers = NDArray[np.intp]

TUNE_FOLDS = 10
LARGEST_GROUPS = 2_000
"""More groups than this are put into so many bins before they are resampled."""


@dataclass(frozen=True, kw_only=True)
class Folds:
    """The folds of a sheet: their names in order, and the fold of each row."""

    names: tuple[str, ...]
    row: Integers
    own: bool
    """Whether pbl made them, because no file has usable ones."""
    warnings: tuple[Warned, ...] = ()


def make_folds(groups: Sequence[str], k: int) -> Integers:
    """Return the fold (0 to k - 1) of each entry, whole groups together and folds of about equal size.

    One entry a sample, with the name of its group. Depends on the names, how often each occurs, and k; not on the
    order. Large groups are dealt first, each to the smallest fold; equal ones in the order of their names' SHA-256.
    """
    names, place = factor(groups)
    sizes = np.bincount(place, minlength=len(names))
    digests = b"".join(sha256(str(name).encode()).digest() for name in names)
    words = np.frombuffer(digests, dtype=">u8").reshape(-1, 4)
    order = np.lexsort((*reversed(words.T), -sizes))  # millions of them: Python would compare for longer than all else
    fold = np.zeros(len(names), dtype=np.intp)
    smallest = [(0, f) for f in range(k)]
    for g, size in zip(order.tolist(), sizes[order].tolist(), strict=True):
        filled, f = smallest[0]
        fold[g] = f
        heapreplace(smallest, (filled + size, f))
    return fold[place]


def own_folds(sheet: Sheet, k: int = TUNE_FOLDS) -> Folds:
    """Return k folds of the sheet's groups, fewer if there are fewer groups."""
    k = min(k, len(sheet.groups))
    of_group = make_folds([sheet.groups[g] for g in sheet.sample_of_groups()], k)
    return Folds(names=tuple(map(str, range(k))), row=of_group[sheet.sample], own=True)


def named_folds(sheet: Sheet, folds: Mapping[str, str]) -> Folds:
    """Return the folds that a file names for ids or samples; raise MetricError for a gap or a split group."""
    by_id = all(str(each) in folds for each in sheet.ids)
    stems = [sheet.samples[s] for s in sheet.by_id(sheet.sample)]
    keys = [str(each) for each in sheet.ids] if by_id else stems
    missing = [key for key in keys if key not in folds]
    if missing:
        raise MetricError(f"the fold file lacks {missing[0]!r}; it must name a fold for every id or every sample")
    labels = np.array([folds[key] for key in keys], dtype=object)
    split = _split_groups(sheet, labels)
    if split:
        raise MetricError(f"the fold file puts the group {split[0]!r} in two folds; a group must be in one")
    return _label_folds(sheet, labels)


def folds_of_files(sheet: Sheet) -> Folds:
    """Return the folds that the files share, else pbl's own with a warning that says why."""
    held = {name: labels for name, labels in sheet.folds.items() if name} or dict(sheet.folds)
    if not held:
        return own_folds(sheet)
    (first, labels), *others = held.items()
    for name, other in others:
        differs = np.flatnonzero(labels != other)
        if len(differs):
            where = sheet.ids[differs[0]]
            said = f"the folds of {name} differ from those of {first}, first at {where}: folds of pbl's own are used"
            return _with(own_folds(sheet), Warned(code="folds-differ", message=said))
    split = _split_groups(sheet, labels)
    if split:
        said = (
            f"the files' folds split {len(split):,} of {len(sheet.groups):,} groups: the models saw part of them, so "
            "every score here flatters, and no weights repair that; folds of pbl's own are used"
        )
        return _with(own_folds(sheet), Warned(code="folds-split-groups", message=said))
    return _label_folds(sheet, labels)


def bins(sheet: Sheet) -> tuple[Integers, int]:
    """Return the bin of each row and their number: the groups, or 2,000 random bins of them if there are more."""
    count = len(sheet.groups)
    if count <= LARGEST_GROUPS:
        return sheet.group, count
    shuffled = np.random.default_rng(_BIN_SEED).permutation(count)
    return (shuffled % LARGEST_GROUPS)[sheet.group].astype(np.intp), LARGEST_GROUPS


_BIN_SEED = 20_260


def _with(folds: Folds, *warnings: Warned) -> Folds:
    return Folds(names=folds.names, row=folds.row, own=folds.own, warnings=warnings)


def _label_folds(sheet: Sheet, labels: Texts) -> Folds:
    names, fold = np.unique(labels, return_inverse=True)
    ordered = sorted(range(len(names)), key=lambda k: _natural(str(names[k])))
    rank = np.empty(len(names), dtype=np.intp)
    rank[ordered] = np.arange(len(names))
    row = np.repeat(rank[fold], sheet.width)
    return Folds(names=tuple(str(names[k]) for k in ordered), row=row.astype(np.intp), own=False)


def _natural(name: str) -> tuple[int, int, str]:
    """Order folds by number where they are numbers, and before names."""
    return (0, int(name), name) if name.isascii() and name.isdigit() else (1, 0, name)


def _split_groups(sheet: Sheet, labels: Texts) -> list[str]:
    """Return the groups with rows in more than one fold."""
    pairs = sorted({(int(g), str(f)) for g, f in zip(sheet.by_id(sheet.group), labels, strict=True)})
    split = {a[0] for a, b in pairwise(pairs) if a[0] == b[0]}
    return [sheet.groups[g] for g in sorted(split)]
