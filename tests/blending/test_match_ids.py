"""Rows are matched by hashes; where those are alike, the ids decide."""

from itertools import combinations
from pathlib import Path
from zlib import crc32

import polars as pl
import pytest
from support.large import PATHS, ROWS, little_memory, ways
from support.making import four, ids, predictions, read, write

import pbl
from pbl.blending import _match_ids
from pbl.domain.errors import FindingsError, Unclear

BITS = 12


def short_hash(text):
    return crc32(text.encode()) % (1 << BITS)


@pytest.fixture(params=["in memory", "in parts"])
def alike(request, here, large, monkeypatch):
    """Have large files matched by hashes of a few bits, of which some are alike."""
    four(here / "p", ROWS, template=False)
    pbl.blend(*PATHS, output="small.csv")
    large()
    if request.param == "in parts":
        little_memory(monkeypatch)
    by_few_bits = lambda ids: pl.Series(ids).map_elements(short_hash, pl.UInt32).arg_sort().cast(pl.UInt32)  # noqa: E731
    monkeypatch.setattr(_match_ids, "sort_by_hash", by_few_bits)
    return ways(monkeypatch)


def test_ids_whose_hashes_are_alike_are_told_apart(alike):
    twins = sum(short_hash(one) == short_hash(other) for one, other in combinations(ids(ROWS), 2))
    assert 0 < twins < ROWS // 20
    pbl.blend(*PATHS, output="large.csv")
    assert alike == ["align_frames"]
    assert Path("large.csv").read_bytes() == Path("small.csv").read_bytes()


@pytest.mark.usefixtures("alike")
@pytest.mark.parametrize("other", ["any id", "an id of like hash", "an id of the file"])
def test_an_id_that_is_not_in_all_files_is_found_among_them(other):
    _, rows = read(PATHS[2])
    lost = rows[0][0]
    like = next(each for n in range(10**6) if short_hash(each := f"other{n}") == short_hash(lost))
    rows[0] = ({"any id": "another", "an id of like hash": like}.get(other, rows[7][0]), rows[0][1])
    write(PATHS[2], rows)
    with pytest.raises(FindingsError) as error:
        pbl.blend(*PATHS, output="large.csv")
    codes = [f.code for f in error.value.report.errors()]
    assert codes == (["PBL402", "PBL601"] if other == "an id of the file" else ["PBL601", "PBL602"])
    assert lost in {e.id for f in error.value.report.errors() for e in f.examples}


@pytest.mark.usefixtures("alike")
def test_files_of_other_ids_are_refused():
    write(PATHS[1], predictions([f"z{n}" for n in range(ROWS)], 1))
    with pytest.raises(FindingsError) as error:
        pbl.blend(*PATHS, output="large.csv")
    assert {f.code for f in error.value.report.errors()} == {"PBL601", "PBL602"}


def test_an_id_that_is_repeated_in_both_files_is_left_to_who_explains():
    there, ids = ["x", "y", "a", "a"], ["a", "a", "x", "y"]
    sound = [f"id{n}" for n in range(40)]
    places = pl.int_range(44, dtype=pl.UInt32, eager=True)
    with pytest.raises(Unclear):
        _match_ids.find_places(pl.Series(there + sound), places, pl.Series(ids + sound))
