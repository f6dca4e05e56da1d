"""Pillars to blend by each method."""

import numpy as np
from support.making import read, shuffled, write

from pbl.domain import limits

ROWS = 60


def write_pillars(numbers, ids, *, seed=0):
    for place, row in enumerate(numbers):
        rows = dict(zip(ids, map(float, row), strict=True))
        write(f"p{place}.csv", {key: rows[key] for key in (shuffled(ids, seed + place) if place else ids)})
    return [f"p{place}.csv" for place in range(len(numbers))]


def column(path):
    return np.array([row[1] for row in read(path)[1]])


def enlarge(monkeypatch):
    small = limits.Sizes(large=1, block=512, preview=512, ids=100, rows=7, cells=400, table_rows=16)
    monkeypatch.setattr(limits, "SIZES", small)
