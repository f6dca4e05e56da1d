"""Groups are dealt into folds as the rule says, by whatever means."""

from hashlib import sha256

import numpy as np
import pytest

from pbl.weights.folds import make_folds


def dealt(groups, k):
    """Deal by the rule, word for word."""
    sizes = {name: groups.count(name) for name in set(groups)}
    filled, fold = [0] * k, {}
    for name in sorted(sizes, key=lambda g: (-sizes[g], sha256(g.encode()).digest())):
        fold[name] = min(range(k), key=lambda f: (filled[f], f))
        filled[fold[name]] += sizes[name]
    return [fold[name] for name in groups]


@pytest.mark.parametrize("seed", range(20))
def test_large_groups_come_first_then_by_hash_each_to_the_smallest_fold(seed):
    chance = np.random.default_rng(seed)
    k, count = int(chance.integers(1, 12)), int(chance.integers(1, 400))
    groups = [f"g{g}" for g in np.minimum(chance.geometric(0.02, count), chance.integers(1, 300))]
    assert make_folds(groups, k).tolist() == dealt(groups, k)
