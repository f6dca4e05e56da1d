"""Out-of-fold files are read as strictly as predictions, against the truth's ids."""

import json
import math

import numpy as np
import pytest
from support.judging import oofs
from support.making import command, shuffled, write

from pbl.domain.errors import DataError, FindingsError, UsageError
from pbl.project.oof_files import select_oof
from pbl.weights._truth import Wanted
from pbl.weights.oof import read_oof


def read(folder, wanted=None, **how):
    """Read all that is in a folder."""
    return read_oof(select_oof([folder], truth=folder / "train.csv"), wanted or Wanted(), spill=folder, **how)


def codes(folder, **how):
    with pytest.raises(FindingsError) as caught:
        read(folder, **how)
    return sorted({(f.code, f.pillar) for f in caught.value.report.errors()}, key=str)


def test_numbers_stand_beside_their_ids_whatever_the_order_of_rows(here):
    made = oofs(here).write()
    sheet = read(here).sheet
    ids = sorted(made.truth)
    assert sheet.ids.tolist() == ids
    assert sheet.truth.tolist() == [made.truth[key] for key in ids]
    assert sheet.pillars == ("siglip", "dino", "mvp")
    assert sheet.predictions.tolist() == [[made.pillars[name][key] for key in ids] for name in sheet.pillars]
    assert sheet.folds == {}


def test_a_file_that_is_not_plain_is_read_alike(here):
    oofs(here).write(fold=lambda key: int(key[1:]) % 3)
    plain = read(here).sheet
    for path in here.glob("*.csv"):
        header, *lines = path.read_text().splitlines()
        quoted = "\r\n".join(",".join(f'"{cell}"' for cell in line.split(",")) for line in [header, *lines])
        path.write_bytes(b"\xef\xbb\xbf" + quoted.encode() + b"\r\n")
    other = read(here).sheet
    assert (other.predictions == plain.predictions).all()
    assert (other.truth == plain.truth).all()
    assert {name: list(folds) for name, folds in other.folds.items()} == {
        name: list(folds) for name, folds in plain.folds.items()
    }


@pytest.mark.parametrize(
    ("cell", "code"), [("nan", "PBL503"), ("", "PBL501"), ("inf", "PBL504"), ("1_0", "PBL502"), ("1e999", "PBL504")]
)
@pytest.mark.parametrize(("name", "pillar"), [("oof_dino.csv", "dino"), ("train.csv", "truth")])
def test_a_cell_that_is_no_number_has_its_code(here, name, pillar, cell, code):
    oofs(here).write()
    header, first, *lines = (here / name).read_text().splitlines()
    (here / name).write_text("\n".join([header, f"{first.partition(',')[0]},{cell}", *lines, ""]))
    assert codes(here) == [(code, pillar)]


def test_each_id_stands_once_and_repeats_are_averaged_before(here):
    oofs(here).write()
    path = here / "oof_dino.csv"
    path.write_text(path.read_text() + path.read_text().splitlines()[1] + "\n")
    with pytest.raises(FindingsError) as caught:
        read(here)
    [found] = caught.value.report.errors()
    assert found.code == "PBL402"
    assert "repeats of a repeated cross-validation" in found.hint


def test_a_truth_that_repeats_an_id_is_refused(here):
    made = oofs(here).write()
    made.train.write_text(made.train.read_text() + made.train.read_text().splitlines()[1] + "\n")
    assert codes(here) == [("PBL402", "truth")]


def test_ids_are_exactly_those_of_the_truth(here):
    made = oofs(here)
    lacking, strange = list(made.truth)[3], made.pillars["mvp"]
    del made.pillars["dino"][lacking]
    strange["i999"] = 1.0
    made.write()
    assert codes(here) == [("PBL601", "dino"), ("PBL602", "mvp")]
    assert codes(here, common_rows=True) == [("PBL602", "mvp")]
    del strange["i999"]
    made.write()
    found = read(here, common_rows=True)
    assert found.rows_left_out == {"dino": 1}
    assert found.sheet.ids.tolist() == sorted(set(made.truth) - {lacking})
    assert not np.isnan(found.sheet.predictions).any()


@pytest.mark.parametrize("common_rows", [False, True])
def test_a_file_with_none_of_the_truth_s_ids_is_told_what_it_may_be(here, common_rows):
    made = oofs(here)
    made.pillars["dino"] = {f"test{n}": 0.5 + n for n in range(9)}
    del made.pillars["mvp"][min(made.truth)]
    made.write()
    with pytest.raises(FindingsError) as caught:
        read(here, common_rows=common_rows)
    errors = [each for each in caught.value.report.findings if each.severity == "error"]
    told = {(each.pillar, each.code): "predicts the test set" in each.hint for each in errors}
    unknown, missing = {("dino", "PBL602"): True}, {("dino", "PBL601"): True, ("mvp", "PBL601"): False}
    assert told == (unknown if common_rows else unknown | missing)


def test_common_rows_are_those_that_all_files_have(here):
    made = oofs(here)
    keys = sorted(made.truth)
    for name, lacking in (("dino", keys[:20]), ("mvp", keys[10:25])):
        for key in lacking:
            del made.pillars[name][key]
    made.write(fold=lambda key: int(key[1:]) % 2)
    found = read(here, common_rows=True)
    assert found.rows_left_out == {"dino": 20, "mvp": 15}
    sheet = found.sheet
    assert sheet.ids.tolist() == keys[25:]
    assert sheet.predictions.tolist() == [[made.pillars[name][key] for key in keys[25:]] for name in sheet.pillars]
    assert sheet.folds["dino"].tolist() == [str(int(key[1:]) % 2) for key in keys[25:]]


def test_no_common_row_is_refused(here):
    made = oofs(here)
    keys = sorted(made.truth)
    made.pillars["dino"] = dict.fromkeys(keys[:30], 0.5)
    made.pillars["mvp"] = dict.fromkeys(keys[30:], 0.5)
    made.write()
    with pytest.raises(DataError, match="no common rows"):
        read(here, common_rows=True)
    assert DataError.exit_code == 1


def test_a_fold_column_is_text_in_any_place_of_the_header(here):
    oofs(here).write()
    rows = [line.split(",") for line in (here / "oof_dino.csv").read_text().splitlines()[1:]]
    write(
        here / "oof_dino.csv",
        [("late" if "5" in key else "1e0", y, key) for key, y in rows],
        ("fold", "target", "sample_id"),
    )
    found = read(here)
    assert set(found.sheet.folds["dino"]) == {"late", "1e0"}
    assert [f.code for f in found.report.findings if f.pillar == "dino" and f.code == "PBL207"] == ["PBL207"]


def test_any_other_column_of_an_oof_file_is_too_much_and_a_prediction_file_has_no_fold(here):
    made = oofs(here)
    made.write(fold=lambda _: 1)
    assert command("validate", here / "oof_siglip.csv").code == 1
    path = here / "oof_dino.csv"
    path.write_text(path.read_text().replace("fold", "Fold", 1))
    assert codes(here) == [("PBL204", "dino")]
    path.write_text(path.read_text().replace("Fold", "notes", 1))
    assert codes(here) == [("PBL202", "dino")]


@pytest.mark.parametrize("name", ["oof_dino.csv", "train.csv"])
def test_an_empty_fold_is_refused(here, name):
    made = oofs(here)
    made.columns["fold"] = lambda _: 1
    made.write(fold=lambda _: "1")
    path = here / name
    path.write_text(path.read_text().replace(",1,", ", ,", 1))
    with pytest.raises(FindingsError) as caught:
        read(here)
    [found] = caught.value.report.errors()
    assert (found.code, found.column, found.count) == ("PBL501", "fold", 1)
    assert found.examples[0].row == 2


def test_further_columns_of_the_truth_are_ignored_unless_named(here):
    made = oofs(here)
    made.columns |= {
        "": lambda _: "7",
        "State": lambda key: key[-1],
        "note": lambda _: '"a, b"',
        "Target": lambda _: "x",
    }
    made.write()
    assert read(here).sheet.extra == {}
    sheet = read(here, Wanted(groups=("State",))).sheet
    assert sheet.grouped_by == ("State",)
    assert len(sheet.groups) == 10
    with pytest.raises(UsageError, match=r"no column 'state' \(for groups\); did you mean 'State'"):
        read(here, Wanted(groups=("state",)))


def test_columns_in_which_errors_may_be_alike_are_read_where_wanted(here):
    made = oofs(here)
    made.columns |= {"ten": lambda key: key[-1], "own": lambda key: key, "one": lambda _: "x"}
    made.write()
    assert list(read(here, Wanted(others=True)).sheet.extra) == ["ten"]


@pytest.mark.parametrize(
    ("cells", "values"),
    [
        (["1", "-2", "+3"], [1, -2, 3]),
        (["1", "2.5", "3"], [1.0, 2.5, 3.0]),
        (["1", "", "3"], [1.0, math.nan, 3.0]),
        (["True", "False", "True"], [True, False, True]),
        (["Public", "Private", ""], ["Public", "Private", math.nan]),
        (["007", "1_0", "x"], ["007", "1_0", "x"]),
    ],
)
def test_columns_for_a_metric_file_are_what_pandas_makes_of_them(here, cells, values):
    ids = ["a", "b", "c"]
    write(here / "train.csv", [(i, c, "1") for i, c in zip(ids, cells, strict=True)], ("sample_id", "w", "target"))
    write(here / "oof_m.csv", dict.fromkeys(ids, 1.0))
    found = read(here, Wanted(columns=("w",))).sheet.extra["w"].tolist()
    assert [type(each) for each in found] == [type(each) for each in values]
    assert str(found) == str(values)


def test_a_class_column_stands_for_targets(here):
    (here / "pbl.toml").write_text('[contract]\ntargets = ["cat", "dog"]\n[metric]\nlabel = "kind"\nname = "logloss"\n')
    labels = {f"i{n}": ("cat", "dog")[n % 3 == 0] for n in range(30)}
    write(here / "train.csv", shuffled(labels.items(), 1), ("sample_id", "kind"))
    for name in ("a", "b"):
        write(here / f"oof_{name}.csv", dict.fromkeys(labels, (0.6, 0.4)), ("sample_id", "cat", "dog"))
    done = command("score", here, "--truth", here / "train.csv", "--format", "json")
    scores = json.loads(done.out)
    assert scores["scores"][0]["score"] == pytest.approx(-(20 * math.log(0.6) + 10 * math.log(0.4)) / 30, rel=1e-12)
    assert (scores["rows"], scores["samples"]) == (60, 30)
    (here / "train.csv").write_text((here / "train.csv").read_text().replace("dog", "bird", 1))
    done = command("score", here, "--truth", here / "train.csv", "--format", "json")
    assert done.code == 1
    assert "kind: 'bird' is not one of the target columns cat, dog; so in 1 of 30 rows" in done.talk
    assert json.loads(done.out)["findings"][0]["message"] in done.talk
    done = command("score", here, "--truth", here / "oof_a.csv")
    assert done.code == 2
    assert "no column 'kind' (for label)" in done.talk


def test_several_target_columns_are_rows_of_one_id(here):
    (here / "pbl.toml").write_text('[contract]\ntargets = ["x", "y"]\n')
    write(here / "train.csv", {"a": (1.0, 2.0), "b": (3.0, 4.0)}, ("sample_id", "x", "y"))
    write(here / "oof_m.csv", [("b", "30", "4"), ("a", "10", "2")], ("sample_id", "x", "y"))
    sheet = read(here).sheet
    assert sheet.names == ("x", "y")
    assert sheet.predictions.tolist() == [[10.0, 2.0, 30.0, 4.0]]
    write(here / "oof_n.csv", [("a", "10", "2")], ("sample_id", "x", "y"))
    assert read(here, common_rows=True).rows_left_out == {"n": 2}


def test_the_separator_of_ids_can_be_another_or_none(here):
    keys = [f"s{n}/{name}" for n in range(3) for name in ("x", "y")]
    write(here / "train.csv", dict.fromkeys(keys, 1.0))
    write(here / "oof_m.csv", dict.fromkeys(keys, 1.0))
    assert read(here).sheet.names == ("target",)
    (here / "pbl.toml").write_text('[contract]\nid_separator = "/"\n')
    assert read(here).sheet.names == ("x", "y")
    assert read(here).sheet.samples == ("s0", "s1", "s2")
    (here / "pbl.toml").write_text('[contract]\nid_separator = ""\n')
    assert len(read(here).sheet.samples) == 6


def test_an_id_without_the_separator_is_a_row_of_the_columns_own_name(here):
    keys = ["s0__x", "s1__", "s2", "s3__x__target"]
    write(here / "train.csv", dict.fromkeys(keys, 1.0))
    write(here / "oof_m.csv", dict.fromkeys(keys, 1.0))
    sheet = read(here).sheet
    assert dict(zip(sheet.ids, (sheet.names[t] for t in sheet.target), strict=True)) == {
        "s0__x": "x", "s1__": "", "s2": "target", "s3__x__target": "target",
    }  # fmt: skip
    assert sheet.samples == ("s0", "s1", "s2", "s3__x")


MEMBERS = """
[pillars.siglip]
file = "submission_siglip.csv"
[pillars.both]
files = ["a.csv", "b.csv"]
shares = [3, 1]
oof = ["oof_dino.csv", "oof_mvp.csv"]
"""


def test_out_of_fold_files_of_a_pillar_are_one_by_its_shares(here):
    made = oofs(here).write(fold=lambda key: int(key[1:]) % 3)
    (here / "pbl.toml").write_text(MEMBERS)
    sheet = read(here).sheet
    assert sheet.pillars == ("siglip", "both")
    expected = [0.75 * made.pillars["dino"][key] + 0.25 * made.pillars["mvp"][key] for key in sheet.ids]
    assert sheet.predictions[1].tolist() == pytest.approx(expected, rel=1e-15)
    assert list(sheet.folds) == ["siglip", "both"]


def test_out_of_fold_files_of_a_pillar_in_other_folds_have_none_together(here):
    made = oofs(here).write(fold=lambda key: int(key[1:]) % 3)
    write(
        here / "oof_mvp.csv",
        [(k, repr(v), "z") for k, v in made.pillars["mvp"].items()],
        ("sample_id", "target", "fold"),
    )
    (here / "pbl.toml").write_text(MEMBERS)
    assert list(read(here).sheet.folds) == ["siglip"]


def test_a_pillar_is_left_out_if_one_of_its_out_of_fold_files_is_missing(here):
    oofs(here).write()
    (here / "oof_mvp.csv").unlink()
    (here / "pbl.toml").write_text(MEMBERS)
    assert select_oof([here], truth=here / "train.csv").left_out == {"both": "no oof_mvp.csv"}


def test_one_out_of_fold_file_may_be_that_of_all_members(here):
    made = oofs(here).write()
    (here / "pbl.toml").write_text(MEMBERS.replace('["oof_dino.csv", "oof_mvp.csv"]', '"oof_dino.csv"'))
    sheet = read(here).sheet
    assert sheet.predictions[1].tolist() == [made.pillars["dino"][key] for key in sheet.ids]


def test_as_many_out_of_fold_files_as_members_or_one(here):
    oofs(here).write()
    (here / "pbl.toml").write_text(MEMBERS.replace('"oof_dino.csv", ', ""))
    assert "pillars.both.oof must be one file, or one for each of the 2 files" in command("score", here).talk
