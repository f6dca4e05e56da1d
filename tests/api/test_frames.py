"""Frames of polars and pandas as pillars: the same numbers, the same findings, and no path that nobody knows."""

import json
import math
import tempfile
from datetime import date
from decimal import Decimal
from pathlib import Path

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.making import command, read, tree, write

import pbl
from pbl.domain.errors import ChangedError, FindingsError, UsageError

pytestmark = pytest.mark.usefixtures("here")

NAN = math.nan
DOUBLES = st.floats(allow_nan=False, allow_infinity=False)


def frame(ids=("x", "y"), target=(1.0, 2.0)):
    return pl.DataFrame({"sample_id": list(ids), "target": list(target)}, strict=False)


def codes(pillar):
    report = pbl.validate(pillars={"mine": pillar})
    assert {f.pillar for f in report.findings} <= {"mine"}
    return [f.code for f in report.findings]


def test_a_frame_blends_as_its_file_does(here):
    write(here / "a.csv", {"x": 1.5, "y": 0.1})
    write(here / "b.csv", {"x": 3.0, "y": 0.3})
    pbl.blend("a.csv", "b.csv", output="files.csv")
    pbl.blend(pillars={"a": frame(target=(1.5, 0.1)), "b": "b.csv"}, output="frames.csv")
    assert (here / "frames.csv").read_bytes() == (here / "files.csv").read_bytes()


@given(st.lists(DOUBLES, min_size=1, max_size=20))
def test_every_double_reaches_the_submission_as_it_is(values):
    names = [f"id{n}" for n in range(len(values))]
    with tempfile.TemporaryDirectory() as folder:
        output = Path(folder) / "out.csv"
        pbl.blend(pillars={"a": frame(names, values)}, output=output)
        assert [row[1] for row in read(output)[1]] == values


@pytest.mark.parametrize("ids", [["a,b", 'say "hi"'], ["é", "日本"], [1, 2], [10**18, 7], ["1e5", "001"]])
def test_ids_are_text_or_whole_numbers_and_stay_as_they_are(here, ids):
    write(here / "t.csv", [(f'"{str(key).replace(chr(34), chr(34) * 2)}"', 0.5) for key in ids])
    assert pbl.validate(pillars={"a": frame(ids)}, template="t.csv").ok


@pytest.mark.parametrize(
    ("pillar", "expected"),
    [
        (frame(target=(1.0, NAN)), ["PBL503"]),
        (frame(target=(1.0, None)), ["PBL501"]),
        (frame(target=(1.0, math.inf)), ["PBL504"]),
        (frame(target=(True, False)), ["PBL502"]),
        (frame(target=("1,5", "2")), ["PBL502"]),
        (frame(ids=("x", None)), ["PBL401"]),
        (frame(ids=("x", "x")), ["PBL402"]),
        (frame().rename({"target": "prediction"}), ["PBL201", "PBL202"]),
        (frame().clear(), ["PBL107"]),
    ],
)
def test_what_is_wrong_in_a_frame_is_the_finding_that_it_is_in_a_file(pillar, expected):
    assert sorted(codes(pillar))[: len(expected)] == expected


def test_findings_name_the_pillar_and_no_temporary_path():
    report = pbl.validate(pillars={"mine": frame(target=(1.0, NAN)), "other": frame(("y", "x"))})
    assert tempfile.gettempdir() not in json.dumps(report.to_json())
    assert "pbl-tmp" not in json.dumps(report.to_json())
    with pytest.raises(FindingsError) as caught:
        pbl.blend(pillars={"mine": frame(target=(1.0, NAN))})
    assert "pbl-tmp" not in str(caught.value) + json.dumps(caught.value.report.to_json())
    assert "mine (DataFrame), row 3, column target: PBL503 nan" in str(caught.value)


def test_the_recipe_of_a_frame_has_its_digest_and_no_path_and_says_that_it_cannot_be_made_again(here):
    recipe = pbl.blend(pillars={"a": frame(), "b": frame()})
    again = pbl.blend(pillars={"a": frame(), "b": frame(target=(1.0, 2.5))}, force=True)
    assert [i.path for i in recipe.inputs] == [None, None]
    assert [i.sha256 == j.sha256 for i, j in zip(recipe.inputs, again.inputs, strict=True)] == [True, False]
    with pytest.raises(ChangedError, match="a, b: handed over in memory"):
        pbl.blend(recipe="submission.recipe.json", output=here / "again.csv")
    assert command("log-run", "submission.csv", "--label", "frames").code == 0
    assert command("runs", "show", "2", "--format", "json").code == 0


def test_no_file_of_a_frame_is_left(here, monkeypatch):
    monkeypatch.setattr("pbl.api.validating.gettempdir", lambda: str(here))
    pbl.validate(pillars={"a": frame()})
    with pytest.raises(UsageError):
        pbl.validate(pillars={"a": frame(ids=(1.0, 2.0))})
    assert tree(here) == {}


@pytest.mark.parametrize(
    ("pillars", "told"),
    [
        ({"a": frame().lazy()}, "call collect"),
        ({"a": frame(ids=(1.0, 2.0))}, "text or whole numbers, and 'sample_id' has float"),
        ({"a": frame(ids=(True, False))}, "has bool"),
        ({"a": 3}, "'a' is int"),
        ({"a": frame()["target"]}, "'a' is Series"),
    ],
)
def test_what_is_no_sound_frame_is_refused_in_words(pillars, told):
    with pytest.raises(UsageError, match=told):
        pbl.validate(pillars=pillars)


def test_a_frame_without_a_name_is_told_where_names_go():
    with pytest.raises(UsageError, match=r"pillars=\{'name': frame\}"):
        pbl.validate(frame())
    with pytest.raises(UsageError, match="template is a DataFrame"):
        pbl.validate(pillars={"a": frame()}, template=frame())


class TestPandas:
    @pytest.fixture
    def pd(self):
        return pytest.importorskip("pandas")

    def test_blends_as_polars_does(self, here, pd):
        for n, ids in enumerate((["x", "y"], [1, 2])):
            mine = pd.DataFrame({"sample_id": ids, "target": [0.1, 2.0]})
            pbl.blend(pillars={"a": mine}, output=f"{n}.csv")
            pbl.blend(pillars={"a": frame(ids, (0.1, 2.0))}, output="polars.csv", force=True)
            assert (here / f"{n}.csv").read_bytes() == (here / "polars.csv").read_bytes()

    def test_s_missing_values_are_findings(self, pd):
        assert codes(pd.DataFrame({"sample_id": ["x", "y"], "target": [1.0, None]})) == ["PBL503"]
        assert codes(pd.DataFrame({"sample_id": ["x", None], "target": [1.0, 2.0]})) == ["PBL401"]
        whole = pd.array([1, None], dtype="Int64")
        assert codes(pd.DataFrame({"sample_id": ["x", "y"], "target": whole})) == ["PBL501"]

    def test_s_ids_that_a_gap_made_floats_are_refused(self, pd):
        with pytest.raises(UsageError, match="whole numbers"):
            pbl.validate(pillars={"a": pd.DataFrame({"sample_id": [1, None], "target": [1.0, 2.0]})})

    def test_s_index_is_no_column(self, pd):
        mine = pd.DataFrame({"target": [1.0]}, index=pd.Index(["x"], name="sample_id"))
        with pytest.raises(UsageError, match="reset_index"):
            pbl.validate(pillars={"a": mine})
        with pytest.raises(UsageError, match="single column"):
            pbl.validate(pillars={"a": mine["target"]})


@pytest.mark.parametrize(
    "ids", [[b"x", b"y"], [[1], [2]], [date(2020, 1, 1), date(2020, 1, 2)], [Decimal("1.5"), Decimal(2)]]
)
def test_ids_of_other_kinds_are_refused(ids):
    with pytest.raises(UsageError, match="ids must be text or whole numbers"):
        pbl.validate(pillars={"a": pl.DataFrame({"sample_id": ids, "target": [0.5, 1.0]})})
