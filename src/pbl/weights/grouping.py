"""Find columns of the truth within which errors are alike, so that folds that split them flatter.

Part of `tune`'s and `fit`'s doubts: the warning `groups-matter`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.domain.warned import Warned

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from pbl.weights.sheet import Sheet

    Floats = NDArray[np.float64]

FEWEST_GROUPS = 20
"""Fewer groups are too few to tell a gain, or skill, from noise."""
_FEWEST_VALUES = 8
_LEVEL = 0.001
_TWICE = 2
_RECURRING = 0.8
"""Of the samples, so many must have a value that recurs."""


def groups_matter(sheet: Sheet, blend: Floats) -> tuple[Warned, ...]:
    """Return the warning that names such columns, the clearest first; nothing if there is none.

    One-way analysis of variance of each sample's mean error, by the values of a column of the truth.
    """
    samples = len(sheet.samples)
    sizes = np.bincount(sheet.sample, minlength=samples)
    means = np.bincount(sheet.sample, weights=blend - sheet.truth, minlength=samples) / sizes
    found = []
    for name, values in sheet.extra.items():
        chance = None if name in sheet.grouped_by else _chance(sheet, means, values)
        if chance is not None and chance < _LEVEL:
            found.append((chance, name))
    if not found:
        return ()
    names = ", ".join(name for _, name in sorted(found))
    said = (
        f"errors are alike within {names} of the truth: folds that split it flatter every score; "
        f"try --groups {min(found)[1]}"
    )
    return (Warned(code="groups-matter", message=said),)


def _chance(sheet: Sheet, means: Floats, values: NDArray[np.object_]) -> float | None:
    """Return the p-value of a column, None if it isn't one of groups that folds could split."""
    from scipy.special import fdtrc

    places = np.unique(np.array([str(each) for each in values], dtype=object), return_inverse=True)[1]
    sample = sheet.by_id(sheet.sample)
    of_sample = np.zeros(len(means), dtype=np.intp)
    of_sample[sample] = places
    if (of_sample[sample] != places).any():
        return None
    counts = np.bincount(of_sample)
    recurs = counts[of_sample] >= _TWICE
    if recurs.sum() < _RECURRING * len(means) or (counts >= _TWICE).sum() < _FEWEST_VALUES:
        return None
    groups = sheet.sample_of_groups()
    pairs = np.unique(np.stack([of_sample, groups]), axis=1)
    if len(np.unique(pairs[0])) == pairs.shape[1]:
        return None  # each value lies within one group: no fold splits it
    kept, value = means[recurs], np.unique(of_sample[recurs], return_inverse=True)[1]
    size = np.bincount(value)
    centre = np.bincount(value, weights=kept) / size
    between = float((size * (centre - kept.mean()) ** 2).sum())
    within = float(((kept - centre[value]) ** 2).sum())
    free = (len(size) - 1, len(kept) - len(size))
    if free[1] < 1 or within <= 0:
        return None
    return float(fdtrc(*free, between / free[0] / (within / free[1])))
