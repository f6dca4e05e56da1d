from __future__ import annotations

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from pbl.weights.errors import MetricError
from pbl.weights.folds import bins, folds_of_files, make_folds, named_folds, own_folds
from pbl.weights.sheet import make_sheet


def _sheet(ids, **more):
    numbers = np.arange(len(ids), dtype=float)
    return make_sheet(ids=ids, columns=["t"], truth=numbers, predictions={"m": numbers, "n": numbers}, **more)


@given(st.lists(st.text(max_size=3), min_size=5, max_size=60), st.integers(2, 5), st.randoms())
def test_folds_depend_on_the_names_and_k_alone(groups, k, random):
    fold = dict(zip(groups, make_folds(groups, k).tolist(), strict=True))
    shuffled = random.sample(groups, len(groups))
    assert dict(zip(shuffled, make_folds(shuffled, k).tolist(), strict=True)) == fold


def test_folds_are_of_about_equal_size():
    assert np.bincount(make_folds([f"g{k}" for k in range(103)], 10)).tolist() == [11] * 3 + [10] * 7
    sizes = np.bincount(make_folds(["big"] * 30 + [f"g{k}" for k in range(70)], 5))
    assert sorted(sizes) == [17, 17, 18, 18, 30]


def test_groups_are_what_shares_a_key_or_a_sample():
    ids = ["a__x", "a__y", "b__x", "c__x", "d__x"]
    sheet = _sheet(ids, groups={"site": ["s1", "s2", "s2", "s3", "s3"]})
    assert sheet.group.tolist() == [0, 0, 0, 1, 1]
    assert (np.bincount(sheet.group, weights=own_folds(sheet).row) > 0).sum() == 1


def test_folds_of_the_files_are_used_if_they_agree():
    ids = ["b", "a", "d", "c"]
    found = folds_of_files(_sheet(ids, folds={"m": ["10", "2", "2", "10"], "": ["x", "y", "x", "y"]}))
    assert (found.names, found.row.tolist(), found.own, found.warnings) == (("2", "10"), [0, 1, 1, 0], False, ())


def test_the_truths_folds_serve_where_no_file_has_any():
    assert folds_of_files(_sheet(["a", "b"], folds={"": ["1", "0"]})).row.tolist() == [1, 0]


def test_folds_that_differ_are_named_with_a_pillar_and_an_id():
    found = folds_of_files(_sheet(["a", "b", "c"], folds={"m": ["0", "1", "0"], "n": ["0", "1", "1"]}))
    assert found.own
    assert [w.code for w in found.warnings] == ["folds-differ"]
    assert "n differ from those of m, first at c" in found.warnings[0].message


def test_folds_that_split_groups_are_counted():
    found = folds_of_files(_sheet(["a__x", "a__y", "b__x", "b__y"], folds={"m": ["0", "1", "0", "0"]}))
    assert found.own
    assert [w.code for w in found.warnings] == ["folds-split-groups"]
    assert "split 1 of 2 groups" in found.warnings[0].message


def test_a_fold_file_names_ids_or_samples_and_splits_no_group():
    sheet = _sheet(["a__x", "a__y", "b__x"])
    assert named_folds(sheet, {"a": "1", "b": "0", "z": "5"}).row.tolist() == [1, 1, 0]
    assert named_folds(sheet, {"a__x": "0", "a__y": "0", "b__x": "1"}).row.tolist() == [0, 0, 1]
    with pytest.raises(MetricError, match="two folds"):
        named_folds(sheet, {"a__x": "0", "a__y": "1", "b__x": "1"})
    with pytest.raises(MetricError, match="lacks 'b'"):
        named_folds(sheet, {"a": "1"})


def test_more_than_two_thousand_groups_are_put_into_so_many_bins():
    bin_, count = bins(_sheet([f"i{k}" for k in range(4100)]))
    assert count == 2000
    assert set(np.bincount(bin_)) == {2, 3}
