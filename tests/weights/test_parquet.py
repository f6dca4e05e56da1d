"""Out-of-fold files, truths and folds in Parquet: the same scores, weights and comparisons as from CSV."""

import json
from pathlib import Path

import polars as pl
import pytest
from support.judging import oofs
from support.making import command
from support.parquet import frame, put, put_parts

pytestmark = pytest.mark.usefixtures("here")


def typed(path):
    """Read a CSV file as polars guesses it, as people do who then write Parquet."""
    return pl.read_csv(path).with_columns(pl.col("target").cast(pl.Float64))


def ask(what, *words):
    done = command(what, *words, "--format", "json")
    assert done.code == 0, done.talk + done.out
    return json.loads(done.out.replace(".parquet", ".csv").replace('"p/', '"c/'))


@pytest.fixture
def both(here):
    """Write the same files as CSV in c/ and as Parquet in p/, the truth with groups and folds."""
    made = oofs(here / "c")
    made.columns = {
        "state": lambda key: f"s{int(key[1:]) % 7}",
        "site": lambda key: int(key[1:]) % 5,
        "fold": lambda key: int(key[1:]) % 4,
    }
    made.write()
    for path in sorted((here / "c").glob("*.csv")):
        put(here / "p" / f"{path.stem}.parquet", typed(path))
    return made


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize(
    ("what", "how"),
    [
        ("score", ["--metric", "rmse"]),
        ("score", ["--metric", "rmse", "--weights", "siglip=1", "dino=2"]),
        ("tune", ["--metric", "rmse", "--groups", "state,site"]),
        ("compare", ["--metric", "rmse"]),
    ],
    ids=str,
)
def test_both_forms_have_the_same_answer(what, how):
    expected = ask(what, "c", "--truth", "c/train.csv", *how)
    assert ask(what, "p", "--truth", "p/train.parquet", *how) == expected
    assert ask(what, "c", "--truth", "p/train.parquet", *how) == expected


@pytest.mark.usefixtures("both")
def test_files_may_be_folders_of_parts():
    expected = ask("score", "c", "--truth", "c/train.csv", "--metric", "rmse")["scores"]
    put_parts("truth", pl.read_parquet("p/train.parquet"), 10, 10, 33)
    put_parts("d", pl.read_parquet("p/oof_dino.parquet"), 20)
    words = ["siglip=p/oof_siglip.parquet", "dino=d/", "mvp=p/oof_mvp.parquet", "--metric", "rmse"]
    found = ask("score", *words, "--truth", "truth/")["scores"]
    assert [each["score"] for each in found] == [each["score"] for each in expected]


@pytest.mark.usefixtures("both")
def test_pbl_toml_finds_out_of_fold_files_in_parquet():
    Path("p/pbl.toml").write_text('[metric]\nname = "rmse"\ntruth = "train.parquet"\n[pillars.dino]\nfile = "x.csv"\n')
    assert [each["pillar"] for each in ask("score", "p")["scores"]] == ["dino"]


@pytest.mark.usefixtures("both")
def test_a_pillar_in_both_forms_is_refused():
    put("c/oof_dino.parquet", frame({"a": 1.0}))
    done = command("score", "c", "--truth", "c/train.csv", "--metric", "rmse")
    assert (done.code, "two files for the pillar 'dino'" in done.talk) == (2, True)


@pytest.mark.usefixtures("both")
def test_a_missing_group_is_found_with_its_part_and_row():
    truth = pl.read_parquet("p/train.parquet")
    odd = truth.with_columns(state=pl.when(pl.int_range(pl.len()) == 41).then(None).otherwise("state"))
    put_parts("truth", odd, 40)
    done = command("tune", "p", "--truth", "truth", "--metric", "rmse", "--groups", "state")
    assert done.code == 1
    assert "PBL501" in done.talk
    assert "part-1.parquet" in done.talk
    assert "row 2" in done.talk


@pytest.mark.usefixtures("both")
def test_columns_that_are_no_text_can_not_be_named_and_are_else_passed_over():
    truth = pl.read_parquet("p/train.parquet").with_columns(more=pl.lit([1.0, 2.0]))
    put("t.parquet", truth)
    words = ["p", "--truth", "t.parquet", "--metric", "rmse"]
    assert ask("tune", *words)["samples"] == 60
    done = command("tune", *words, "--groups", "more")
    assert (done.code, "PBL208" in done.talk) == (1, True)


@pytest.mark.usefixtures("both")
def test_a_column_of_folds_must_be_in_all_parts():
    truth = pl.read_parquet("p/train.parquet")
    put("truth/a.parquet", truth[:30])
    put("truth/b.parquet", truth[30:].drop("fold"))
    done = command("score", "p", "--truth", "truth", "--metric", "rmse")
    assert (done.code, "PBL201" in done.talk, "b.parquet" in done.talk) == (1, True, True)


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("kind", [pl.Int64, pl.UInt8], ids=str)
def test_a_truth_may_have_whole_numbers(kind):
    truth = pl.read_csv("c/train.csv").with_columns(pl.col("target").round().abs())
    truth.write_csv("t.csv")
    put_parts("t", truth.with_columns(pl.col("target").cast(kind)), 10)
    words = ["c", "--metric", "rmse"]
    for what in ("score", "compare"):
        assert ask(what, *words, "--truth", "t") == ask(what, *words, "--truth", "t.csv")


@pytest.mark.usefixtures("both")
@pytest.mark.parametrize("odd", [2**53 + 1, -(2**53) - 1, 2**63 - 1])
def test_a_whole_number_that_no_double_equals_is_refused(odd):
    truth = pl.read_csv("c/train.csv").with_columns(pl.col("target").round().cast(pl.Int64))
    truth[57, "target"] = odd
    put_parts("t", truth, 40)
    done = command("score", "c", "--truth", "t", "--metric", "rmse")
    assert done.code == 1
    assert "PBL208" in done.talk
    assert "write the column as DOUBLE" in done.talk
    assert f"part-1.parquet: holds {odd} in the column 'target'" in done.talk


@pytest.mark.usefixtures("both")
def test_predictions_may_not_be_whole_numbers():
    put("p/oof_dino.parquet", typed("c/oof_dino.csv").with_columns(pl.col("target").round().cast(pl.Int32)))
    done = command("score", "p", "--truth", "p/train.parquet", "--metric", "rmse")
    assert (done.code, "PBL208" in done.talk) == (1, True)


@pytest.mark.usefixtures("both")
def test_columns_that_differ_by_case_are_not_mistaken():
    truth = pl.read_csv("c/train.csv").with_columns(pl.col("target").cast(pl.Float64))
    decoys = {"SAMPLE_ID": pl.col("sample_id") + "x", "Target": pl.lit(0.0)}
    put("t.parquet", truth.select(**decoys).hstack(truth))
    expected = ask("score", "c", "--truth", "c/train.csv", "--metric", "rmse")
    assert ask("score", "c", "--truth", "t.parquet", "--metric", "rmse") == expected
