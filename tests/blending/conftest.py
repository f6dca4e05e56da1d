"""Files that count as large, and pillars in both forms."""

import pytest
from support.large import BLOCKS, small_sizes
from support.making import four
from support.parquet import from_csv

from pbl.domain import limits

SMALL = limits.Sizes(large=1, block=512, preview=512, ids=100, rows=7, cells=400, table_rows=64, parquet_rows=13)


@pytest.fixture(params=BLOCKS.values(), ids=BLOCKS)
def large(request, monkeypatch):
    """Give a function after which every file counts as large; blocks and parts are small, so that there are many."""

    def enlarge():
        monkeypatch.setattr(limits, "SIZES", small_sizes(request.param))

    return enlarge


@pytest.fixture(params=[limits.SIZES, SMALL], ids=["in a table", "in batches"])
def size(request, monkeypatch):
    """Take either road: that of small files, or that of large ones, with small batches."""
    monkeypatch.setattr(limits, "SIZES", request.param)


@pytest.fixture
def both(here):
    """Give four pillars and their template as CSV in c/, as Parquet in p/."""
    made = four(here / "c", 100)
    for path in sorted((here / "c").glob("*.csv")):
        from_csv(path, here / "p")
    return made
