"""Choose what a learner can't learn by itself, by inner folds of whole groups of its own training rows.

Below the learners: errors of candidates on rows they were not fitted on, and held-out decisions.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np

from pbl.weights.folds import make_folds

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from numpy.typing import NDArray

    Floats = NDArray[np.float64]
    Integers = NDArray[np.intp]

INNER_FOLDS = 5


def inner_folds(groups: Sequence[str], k: int = INNER_FOLDS) -> Iterator[tuple[Integers, Integers]]:
    """Yield the rows to fit on and the rows to judge by, of each of k folds or fewer; nothing if there is one group."""
    k = min(k, len(set(groups)))
    if k > 1:
        fold = make_folds(groups, k)
        for f in range(k):
            yield np.flatnonzero(fold != f), np.flatnonzero(fold == f)


def choose(groups: Sequence[str], losses: Callable[[Integers, Integers], Floats], default: int, k: int) -> Integers:
    """Return the best candidate of each target, the first of equals.

    `losses` gives candidates x targets, summed over the rows to judge by; `default` serves where there is one group.
    """
    found = [losses(train, judge) for train, judge in inner_folds(groups, k)]
    if not found:
        return np.array([default], dtype=np.intp)
    return np.asarray(np.sum(found, axis=0).argmin(axis=0), dtype=np.intp)
