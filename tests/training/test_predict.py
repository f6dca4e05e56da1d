from __future__ import annotations

from dataclasses import replace

import numpy as np
import polars as pl
import pytest
from support.making import write
from support.parquet import put, put_parts
from support.training import features, fitted_on, long_sheet, names, wide_sheet

from pbl.domain.errors import FindingsError, OutputError
from pbl.training.features import Features
from pbl.training.fitted import Scaling
from pbl.training.fitted_file import decode, encode, read_fitted
from pbl.training.outputs import write_submission
from pbl.training.predict import predict, submission
from pbl.training.template import all_cells, read_template

RNG = np.random.default_rng(5)
X = RNG.normal(size=(60, 4))
Y = X[:, :2] @ RNG.normal(size=(2, 2)) + 0.3 * RNG.normal(size=(60, 2))


@pytest.fixture(scope="module")
def fitted():
    return fitted_on(X, long_sheet(Y, ["a", "b"])).fitted


@pytest.fixture(scope="module")
def wide():
    return fitted_on(X, wide_sheet(Y, ["b", "a"]), learners=["ridge"]).fitted


def parquet(path, values, samples=None):
    samples = samples or names(len(values))
    column = pl.Series("embedding", values.tolist(), dtype=pl.Array(pl.Float64, values.shape[1]))
    pl.DataFrame({"sample": samples, "embedding": column}).write_parquet(path)
    return path


def table(data):
    header, *lines = data.decode().splitlines()
    return header, [line.split(",") for line in lines]


def test_a_samples_numbers_depend_on_that_sample_alone(fitted):
    x = RNG.normal(size=(500, 4))
    whole = fitted.predict(x)
    assert (fitted.predict(x[::-1])[::-1] == whole).all()
    for k in (0, 63, 64, 499):
        assert (fitted.predict(x[k : k + 1]) == whole[k : k + 1]).all()
    with_huge = np.vstack([x[:10], np.full((1, 4), 1e150), x[10:20]])
    assert (fitted.predict(with_huge[:10]) == whole[:10]).all()
    assert fitted.predict(x[:0]).shape == (0, 2)


def test_what_is_read_back_predicts_the_same_bytes(fitted, tmp_path):
    path = tmp_path / "p.npz"
    path.write_bytes(encode(fitted))
    cells = all_cells(names(60), fitted)
    assert submission(read_fitted(path), features(X), cells) == submission(fitted, features(X), cells)


def test_rows_and_order_are_the_templates(fitted, tmp_path):
    path = parquet(tmp_path / "f.parquet", X[::-1], names(60)[::-1])
    rows = [("s00009__b", "0"), ("s00002__a", "0"), ("s00009__a", "0")]
    template = write(tmp_path / "t.csv", rows, ("sample_id", "target"))
    data, count, _ = predict(fitted, tmp_path, [path], template=template)
    header, cells = table(data)
    assert (header, count, [row[0] for row in cells]) == ("sample_id,target", 3, [row[0] for row in rows])
    expected = fitted.predict(X)
    assert [float(row[1]) for row in cells] == [expected[9, 1], expected[2, 0], expected[9, 0]]


def test_without_a_template_all_samples_by_all_targets_are_predicted_sorted(fitted, wide, tmp_path):
    path = parquet(tmp_path / "f.parquet", X[:3], ["s2", "s10", "s1"])
    header, cells = table(predict(fitted, tmp_path, [path])[0])
    assert [row[0] for row in cells] == ["s10__a", "s10__b", "s1__a", "s1__b", "s2__a", "s2__b"]
    header, cells = table(predict(wide, tmp_path, [path])[0])
    assert (header, [row[0] for row in cells]) == ("sample_id,b,a", ["s1", "s10", "s2"])
    assert [float(cell) for cell in cells[0][1:]] == wide.predict(X[2:3])[0, ::-1].tolist()


def test_a_wide_template_says_the_columns_too(wide, tmp_path):
    path = parquet(tmp_path / "f.parquet", X[:2], ["x", "y"])
    template = write(tmp_path / "t.csv", [("0", "y"), ("0", "x")], ("a", "sample_id"))
    header, cells = table(predict(wide, tmp_path, [path], template=template)[0])
    assert (header, [row[0] for row in cells]) == ("sample_id,a", ["y", "x"])
    assert float(cells[0][1]) == wide.predict(X[1:2])[0, 0]


def _codes(call):
    with pytest.raises(FindingsError) as caught:
        call()
    return [(each.code, each.count) for each in caught.value.report.findings]


def test_what_the_pillar_cannot_predict_is_a_finding(fitted, wide, tmp_path):
    path = parquet(tmp_path / "f.parquet", X[:2], ["x", "y"])

    def ask(fitted, rows, header=("sample_id", "target"), path=path):
        template = write(tmp_path / "t.csv", rows, header)
        return _codes(lambda: predict(fitted, tmp_path, [path], template=template))

    assert ask(fitted, [("x__a", "0"), ("z__a", "0"), ("w__b", "0")]) == [("PBL805", 2)]
    assert ask(fitted, [("x__a", "0"), ("y__c", "0")]) == [("PBL602", 1)]
    assert ask(fitted, [("x", "0")]) == [("PBL602", 1)]
    assert ask(fitted, [("x__a", "0"), ("x__a", "0")]) == [("PBL402", 1)]
    assert ask(fitted, [("", "0")])[0] == ("PBL401", 1)
    assert ask(fitted, [("x__a", "0")], ("id", "target"))[0][0] == "PBL201"
    assert ask(wide, [("x", "0", "0")], ("sample_id", "a", "c")) == [("PBL602", 1)]
    other = parquet(tmp_path / "g.parquet", X[:2, :3], ["x", "y"])
    assert ask(fitted, [("x__a", "0")], path=other) == [("PBL806", 1)]


def test_a_prediction_that_is_not_finite_is_a_finding(fitted, tmp_path):
    huge = replace(fitted, scaling=Scaling(mean=fitted.scaling.mean, factor=np.full(4, 1e308)))
    path = parquet(tmp_path / "f.parquet", X)
    assert _codes(lambda: predict(decode(encode(huge)), tmp_path / "p.npz", [path])) == [("PBL821", 1)]


def test_ids_that_need_quotes_are_quoted(wide, tmp_path):
    samples = ('a,"b"', "c\nd")
    cells = all_cells(samples, wide)
    data = submission(wide, Features(samples=samples, values=X[:2], sources=wide.sources), cells)
    template = tmp_path / "t.csv"
    template.write_bytes(data)
    assert read_template(template, wide).ids == samples


def test_the_order_of_samples_is_that_of_the_cells(fitted):
    with pytest.raises(ValueError, match="another order"):
        submission(fitted, features(X), all_cells(["x"], fitted))


def test_a_template_in_parquet_asks_for_the_same_cells(fitted, wide, tmp_path):
    ids = [f"{name}__{target}" for name in names(5) for target in "ba"]
    write(tmp_path / "t.csv", dict.fromkeys(ids, 0))
    put_parts(tmp_path / "t", dict.fromkeys(ids, 0.0), 3)
    assert read_template(tmp_path / "t", fitted).ids == read_template(tmp_path / "t.csv", fitted).ids == tuple(ids)
    put(tmp_path / "w.parquet", pl.DataFrame({"b": [0], "sample_id": names(1), "a": [0]}))
    found = read_template(tmp_path / "w.parquet", wide)
    assert (found.ids, found.columns) == (tuple(names(1)), ("b", "a"))


def test_what_is_wrong_with_a_template_in_parquet_is_told_with_part_and_row(fitted, tmp_path):
    ids = [f"{name}__a" for name in names(4)]
    put_parts(tmp_path / "t", [*dict.fromkeys(ids[:3], 0.0).items(), (None, 0.0)], 2)
    with pytest.raises(FindingsError) as caught:
        read_template(tmp_path / "t", fitted)
    (found,) = [f for f in caught.value.report.findings if f.code == "PBL401"]
    assert [(e.part, e.row) for e in found.examples] == [("part-1.parquet", 2)]
    put(tmp_path / "u.parquet", pl.DataFrame({"id": ids}))
    with pytest.raises(FindingsError, match="PBL201"):
        read_template(tmp_path / "u.parquet", fitted)


def test_predictions_are_not_written_as_parquet(tmp_path):
    with pytest.raises(OutputError, match="written as CSV"):
        write_submission(tmp_path / "s.parquet", b"x")
