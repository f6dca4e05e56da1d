from __future__ import annotations

import json
import os

import numpy as np
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from support.making import write

from pbl.domain.errors import FindingsError, InputError, UsageError
from pbl.training.features import Column, Source, differences
from pbl.training.features_files import read_features


def parquet(path, frame, note=None):
    pl.DataFrame(frame).write_parquet(path, metadata=None if note is None else {"pbl": json.dumps(note)})
    return path


def text(path, content):
    path.write_text(content)
    return path


def found(paths, **more):
    with pytest.raises(FindingsError) as caught:
        read_features(paths if isinstance(paths, list) else [paths], **more)
    return [(each.code, each.column, each.count) for each in caught.value.report.findings]


EMBEDDED = {"kind": "features", "settings": {"tile": 512, "flips": "h"}, "probe": [0.5], "model_type": "siglip"}


def test_what_embed_writes_is_read_as_it_is(tmp_path):
    table = {
        "sample": ["b", "a"],
        "image_sha256": ["1", "2"],
        "embedding": pl.Series([[1.0, 2.0], [3.0, 4.5]], dtype=pl.Array(pl.Float32, 2)),
    }
    read = read_features([parquet(tmp_path / "f.parquet", table, EMBEDDED)], wanted=["a", "b"])
    assert read.samples == ("a", "b")
    assert read.values.tolist() == [[3.0, 4.5], [1.0, 2.0]]
    (source,) = read.sources
    assert source.columns == (Column(name="embedding", width=2),)
    assert source.embedded == {"settings": EMBEDDED["settings"], "probe": [0.5], "model_type": "siglip"}


def test_files_are_put_side_by_side_in_the_order_of_their_columns(tmp_path):
    one = write(tmp_path / "one.csv", {"a": (1.0, 2.0), "b": (3.0, 4.0)}, ("sample", "y", "x"))
    other = parquet(tmp_path / "o.parquet", {"n": [7, 8, 9], "sample": ["b", "c", "a"], "list": [[1], [2], [3]]})
    read = read_features([one, other], wanted=["b", "a"])
    assert read.values.tolist() == [[3.0, 4.0, 7.0, 1.0], [1.0, 2.0, 9.0, 3.0]]
    assert [[(c.name, c.width) for c in s.columns] for s in read.sources] == [
        [("y", 1), ("x", 1)],
        [("n", 1), ("list", 1)],
    ]


def test_parquet_and_csv_of_the_same_numbers_are_the_same(tmp_path):
    rng = np.random.default_rng(0)
    frame = pl.DataFrame({"sample": [f"s{k}" for k in range(50)], "x": rng.normal(size=50), "y": rng.normal(size=50)})
    frame.write_parquet(tmp_path / "f.parquet")
    write(tmp_path / "f.csv", [(r[0], repr(r[1]), repr(r[2])) for r in frame.rows()], ("sample", "x", "y"))
    one, other = (read_features([tmp_path / name]) for name in ("f.parquet", "f.csv"))
    assert (one.samples, one.sources) == (other.samples, other.sources)
    assert (one.values == other.values).all()


@pytest.mark.parametrize(
    ("header", "row", "more", "names"),
    [
        ("sample,sample_id,x", "a,b,1", {}, ["a"]),
        ("x,sample_id,plot", "1,b,c", {}, ["b"]),
        ("x,plot", "1,c", {}, ["c"]),
        ("image,x,sample_id", "i,1,b", {"id_name": "image"}, ["i"]),
        ("sample,x,plot", "a,1,c", {"key": "plot"}, ["c"]),
        ("sample,x,y", "7,1,2", {}, ["7"]),
        ("x,y", "1,2", {"key": "y"}, ["2"]),
    ],
)
def test_the_samples_column_is_found(tmp_path, header, row, more, names):
    assert list(read_features([text(tmp_path / "f.csv", f"{header}\n{row}\n")], **more).samples) == names


@pytest.mark.parametrize("header", ["x,plot,site", "x,y,z"])
def test_a_samples_column_that_cannot_be_told_is_asked_for(tmp_path, header):
    row = "1,b,c" if "plot" in header else "1,2,3"
    with pytest.raises(UsageError, match="--key"):
        read_features([text(tmp_path / "f.csv", f"{header}\n{row}\n")])


def test_a_key_that_is_not_there_is_said(tmp_path):
    with pytest.raises(UsageError, match="there are sample, x"):
        read_features([text(tmp_path / "f.csv", "sample,x\na,1\n")], key="id")


def test_names_are_matched_without_folders_and_suffix_only_if_none_matches(tmp_path):
    path = write(tmp_path / "f.csv", {"train/ID1.jpg": 1.0, "train/ID2.jpg": 2.0, "test/ID1.png": 3.0}, ("sample", "x"))
    read = read_features([path], wanted=["ID2"])
    assert read.values.tolist() == [[2.0]]
    assert "such as ID1 for train/ID1.jpg" in read.notes[0]
    assert found(path, wanted=["ID2", "train/ID1.jpg"]) == [("PBL805", None, 1)]
    assert found(path, wanted=["ID1", "ID2"]) == [("PBL802", None, 1)]
    assert read_features([path], wanted=["train/ID1.jpg"]).notes == ()


def test_a_truth_that_names_images_finds_features_named_without_suffix(tmp_path):
    path = write(tmp_path / "f.csv", {"0001": 1.0, "0002": 2.0}, ("sample", "x"))
    assert read_features([path], wanted=["0002.jpg", "0001.jpg"]).values.tolist() == [[2.0], [1.0]]


def test_samples_without_features_are_counted(tmp_path):
    path = write(tmp_path / "f.csv", {"a": 1.0}, ("sample", "x"))
    with pytest.raises(FindingsError) as caught:
        read_features([path], wanted=["a", "b", "c"])
    (one,) = caught.value.report.findings
    assert (one.code, one.message) == ("PBL805", "lacks 2 of 3 samples that need features")
    assert [each.id for each in one.examples] == ["b", "c"]
    other = write(tmp_path / "g.csv", {"b": 1.0}, ("sample", "x"))
    assert found([path, other]) == [("PBL805", None, 1), ("PBL805", None, 1)]


@pytest.mark.parametrize(
    ("lines", "findings"),
    [
        ("a,1,2\na,3,4\n", [("PBL802", "sample", 1)]),
        ("a,1,\nb,,4\n", [("PBL803", "x", 1), ("PBL803", "y", 1)]),
        ("a,1,nan\nb,2,4\n", [("PBL804", "y", 1)]),
        ("a,inf,1\nb,2,4\n", [("PBL804", "x", 1)]),
        ("a,1e999,1\nb,2,4\n", [("PBL804", "x", 1)]),
        ("a,1_000,1\nb,2,4\n", [("PBL804", "x", 1)]),
        ("a,nan,1\nb,NA,4\n", [("PBL803", "x", 1), ("PBL804", "x", 1)]),
        ("a,one,1\nb,2,4\n", [("PBL804", "x", 1)]),
        (",1,1\nb,2,4\n", [("PBL401", "sample", 1)]),
        ("a,1\n", [("PBL301", None, 1)]),
        ("a,1,2,3\n", [("PBL302", None, 1)]),
        ("", [("PBL107", None, 1)]),
    ],
)
def test_each_fault_of_a_csv_is_a_finding(tmp_path, lines, findings):
    assert found(text(tmp_path / "f.csv", f"sample,x,y\n{lines}")) == findings


@pytest.mark.parametrize(
    ("content", "code"),
    [
        ("1,2\n3,4\n", "PBL206"),
        ("sample,x,x\na,1,2\n", "PBL203"),
        ("sample,\na,1\n", "PBL205"),
        ("a;b\n1;2\n", "PBL104"),
    ],
)
def test_a_header_that_names_no_columns_is_a_finding(tmp_path, content, code):
    assert found(text(tmp_path / "f.csv", content))[0][0] == code


@pytest.mark.parametrize(
    ("column", "findings"),
    [
        (pl.Series([1.0, None]), [("PBL803", "x", 1)]),
        (pl.Series([1.0, float("nan")]), [("PBL804", "x", 1)]),
        (pl.Series([[1.0], None]), [("PBL803", "x", 1)]),
        (pl.Series([[1.0, 2.0], [1.0]]), [("PBL803", "x", 1)]),
        (pl.Series([[1.0, 2.0], []]), [("PBL803", "x", 1)]),
        (pl.Series([[1.0, None], [1.0, 2.0]]), [("PBL803", "x", 1)]),
        (pl.Series([[1.0, float("inf")], [1.0, 2.0]]), [("PBL804", "x", 1)]),
        (pl.Series([[1.0, None], [1.0, 2.0]], dtype=pl.Array(pl.Float32, 2)), [("PBL803", "x", 1)]),
        (pl.Series([None, None], dtype=pl.Array(pl.Float32, 2)), [("PBL803", "x", 2)]),
    ],
)
def test_each_fault_of_a_parquet_file_is_a_finding(tmp_path, column, findings):
    assert found(parquet(tmp_path / "f.parquet", {"sample": ["a", "b"], "x": column})) == findings


@pytest.mark.parametrize(
    "column",
    [
        pl.Series([True, False]),
        pl.Series(["2020-01-01", "2020-01-02"]).str.to_date(),
        pl.Series([[["a"]], [["b"]]]),
        pl.Series([["a"], ["b"]]),
        pl.Series([[[1.0]], [[2.0]]], dtype=pl.Array(pl.Float64, (1, 1))),
        pl.Series([{"a": 1}, {"a": 2}]),
        pl.Series([b"1", b"2"]),
        pl.Series([None, None]),
    ],
)
def test_other_types_are_refused(tmp_path, column):
    with pytest.raises(InputError, match="'x' is of type"):
        read_features([parquet(tmp_path / "f.parquet", {"sample": ["a", "b"], "x": column})])


def test_samples_that_are_missing_or_there_twice_are_found_in_parquet_too(tmp_path):
    assert found(parquet(tmp_path / "f.parquet", {"sample": ["a", None], "x": [1, 2]})) == [("PBL401", "sample", 1)]
    assert found(parquet(tmp_path / "f.parquet", {"sample": [1, 1], "x": [1, 2]})) == [("PBL802", "sample", 1)]


@settings(max_examples=40, deadline=None)
@given(st.floats(0, 1, exclude_max=True), st.binary(max_size=40))
def test_a_parquet_file_that_is_cut_is_a_finding(tmp_path_factory, part, end):
    path = tmp_path_factory.mktemp("f") / "f.parquet"
    data = parquet(path, {"sample": [f"s{k}" for k in range(30)], "x": [float(k) for k in range(30)]}).read_bytes()
    path.write_bytes(data[: 4 + int(part * (len(data) - 4))] + end)
    assert found(path)[0][0] == "PBL801"


def test_a_note_of_embed_that_is_damaged_is_a_finding(tmp_path):
    assert found(parquet(tmp_path / "f.parquet", {"sample": ["a"], "x": [1]}, {"kind": "other"}))[0][0] == "PBL801"


def test_what_is_no_file_is_said_and_a_fifo_keeps_nobody_waiting(tmp_path):
    with pytest.raises(InputError, match="no such file"):
        read_features([tmp_path / "none.csv"])
    assert found(tmp_path) == [("PBL101", None, 1)]
    os.mkfifo(tmp_path / "fifo")
    assert found(tmp_path / "fifo") == [("PBL101", None, 1)]
    with pytest.raises(InputError, match="no column of numbers"):
        read_features([text(tmp_path / "f.csv", "sample,plot\na,b\n")])
    with pytest.raises(UsageError):
        read_features([])


def _source(*columns, **settings):
    embedded = {"settings": settings, "probe": None, "model_type": None} if settings else None
    return Source(columns=tuple(Column(name=n, width=w) for n, w in columns), embedded=embedded)


@pytest.mark.parametrize(
    ("given", "said"),
    [
        ([], "0 files of features, fitted on 1"),
        ([_source(("x", 1))], "lacks 1 column: y"),
        ([_source(("x", 1), ("y", 2), ("z", 1))], "has 1 column more: z"),
        ([_source(("y", 2), ("x", 1))], "another order: y where x was"),
        ([_source(("x", 1), ("y", 3))], "y has 3 numbers a row, fitted on 2"),
        ([_source(("x", 1), ("y", 2), tile=512)], "made by pbl embed"),
    ],
)
def test_a_difference_from_the_features_fitted_on_is_named(given, said):
    (only,) = differences([_source(("x", 1), ("y", 2))], given)
    assert said in only


def test_another_setting_of_embed_is_named():
    said = differences([_source(("x", 1), tile=512, flips="h")], [_source(("x", 1), tile=256, flips="h")])
    assert said == ["tile is 256, fitted on 512"]
    assert differences([_source(("x", 1), tile=512)], [_source(("x", 1), tile=512)]) == []


@pytest.mark.parametrize("ending", ["csv", "parquet"])
def test_columns_of_text_are_no_features_and_that_is_said(tmp_path, ending):
    frame = pl.DataFrame({"sample_id": ["a", "b"], "x": ["1,5", "2,5"], "y": [0.5, 1.0]})
    path = tmp_path / f"f.{ending}"
    getattr(frame, f"write_{ending}")(path)
    found = read_features([path], key="sample_id")
    assert found.values.shape == (2, 1)
    assert found.notes == (f"{path}: no features, as they hold text: x",)
