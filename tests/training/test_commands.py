from __future__ import annotations

import json
import random
import subprocess
import sys
from hashlib import sha256

import pytest
from support.making import command, reorder, tree, write

from pbl.domain.errors import OutputError
from pbl.training.outputs import write_files

HEAVY = ("sklearn", "scipy", "threadpoolctl", "torch", "pandas", "duckdb", "pandera")


@pytest.fixture
def folder(tmp_path, monkeypatch):
    """Features of 60 samples, the truth of 45 of them, and a template of the others."""
    chance = random.Random(1)  # noqa: S311 - the same numbers each time
    rows = {f"ID{k:03}": tuple(chance.gauss(0, 1) for _ in range(3)) for k in range(60)}
    write(tmp_path / "sizes.csv", rows, ("sample", "x", "y", "z"))
    known, others = list(rows.items())[:45], list(rows)[45:]
    truth = [
        (f"{k}__{t}", f"S{i % 9}", repr(v[t == "b"] + chance.gauss(0, 0.3)))
        for i, (k, v) in enumerate(known)
        for t in "ab"
    ]
    write(tmp_path / "train.csv", truth, ("sample_id", "site", "target"))
    write(
        tmp_path / "template.csv", [(f"{k}__{t}", "0") for k in reversed(others) for t in "ba"], ("sample_id", "target")
    )
    monkeypatch.chdir(tmp_path)
    return tmp_path


QUICK = ("--truth", "train.csv", "--learners", "ridge")
TEST = ("--test", "sizes.csv", "--template", "template.csv")


def test_a_fit_is_predicted_validated_scored_and_logged(folder):
    done = command("fit", "sizes.csv", *QUICK, *TEST, "--format", "json")
    assert done.code == 0, done.talk
    found = json.loads(done.out)
    assert (found["pillar"], found["rows"], found["samples"], found["features"]) == ("sizes", 90, 45, 3)
    names = ["sizes.npz", "oof_sizes.csv", "scores_sizes.csv", "submission_sizes.csv"]
    assert [each["name"] for each in found["files"]] == names
    for each in found["files"]:
        data = (folder / each["path"]).read_bytes()
        assert (each["bytes"], each["sha256"]) == (len(data), sha256(data).hexdigest())
    again = command(
        "predict", "pillars/sizes.npz", "sizes.csv", "--template", "template.csv", "-o", "sub.csv", "--format", "json"
    )
    assert again.code == 0, again.talk
    assert json.loads(again.out)["rows"] == 30
    assert (folder / "sub.csv").read_bytes() == (folder / "pillars/submission_sizes.csv").read_bytes()
    assert command("validate", "sub.csv", "--template", "template.csv").code == 0
    scored = json.loads(command("score", "pillars/oof_sizes.csv", "--truth", "train.csv", "--format", "json").out)
    stack = next(each["score"] for each in found["models"] if each["model"] == "stack")
    assert scored["scores"][0]["score"] == pytest.approx(stack, abs=1e-9)
    assert scored["scores"][0]["fold_sd"] == pytest.approx(found["models"][-1]["fold_sd"], abs=1e-9)
    assert command("log-run", "--scores", "pillars/scores_sizes.csv", "--label", "a").code == 0


def test_the_template_of_pbl_toml_holds_where_none_is_given(folder):
    assert command("fit", "sizes.csv", *QUICK, *TEST, "-o", "flag").code == 0
    wanted = (folder / "flag/submission_sizes.csv").read_bytes()
    (folder / "pbl.toml").write_text('[contract]\ntemplate = "template.csv"\n')
    fitted = command("fit", "sizes.csv", *QUICK, "--test", "sizes.csv")
    assert (fitted.code, "the template is template.csv, as pbl.toml says" in fitted.talk) == (0, True), fitted.talk
    assert (folder / "pillars/submission_sizes.csv").read_bytes() == wanted
    predicted = command("predict", "pillars/sizes.npz", "sizes.csv", "-o", "sub.csv")
    assert (predicted.code, "the template is template.csv, as pbl.toml says" in predicted.talk) == (0, True)
    assert (folder / "sub.csv").read_bytes() == wanted
    (folder / "less.csv").write_text("".join((folder / "sizes.csv").read_text().splitlines(keepends=True)[:9]))
    refused = command("predict", "pillars/sizes.npz", "less.csv", "-o", "sub.csv", "--force")
    assert (refused.code, "note     the template is template.csv, as pbl.toml says" in refused.talk) == (1, True)
    (folder / "few.csv").write_text("sample_id,target\nID059__a,0\n")
    assert command("predict", "flag/sizes.npz", "sizes.csv", "-o", "few_out.csv", "--template", "few.csv").code == 0
    assert (folder / "few_out.csv").read_text().count("\n") == 2
    assert "template.csv" not in command("fit", "sizes.csv", *QUICK, "-o", "none").talk


@pytest.mark.parametrize("name", ["q.csv.gz", "q.xlsx", "q.json", "q.parquet", "-", "new/"])
def test_predictions_are_written_under_a_name_of_csv_only(folder, name):
    assert command("fit", "sizes.csv", *QUICK).code == 0
    before = tree(folder)
    for more in ((), ("--force",)):
        done = command("predict", "pillars/sizes.npz", "sizes.csv", "-o", name, *more)
        said = "is a folder; name a file in it" if name == "new/" else "name a file that ends in .csv"
        assert (done.code, said in done.talk) == (2, True), done.talk
    assert tree(folder) == before


def test_a_template_that_pbl_toml_names_and_is_not_there_is_refused(folder):
    assert command("fit", "sizes.csv", *QUICK).code == 0
    (folder / "pbl.toml").write_text('[contract]\ntemplate = "gone.csv"\n')
    for words in (("fit", "sizes.csv", *QUICK, "--test", "sizes.csv"), ("predict", "pillars/sizes.npz", "sizes.csv")):
        done = command(*words)
        assert (done.code, "pbl.toml: contract.template names gone.csv: no such file" in done.talk) == (2, True)
    assert not list(folder.glob("**/submission_*"))


def test_the_order_of_rows_changes_no_byte(folder):
    for order in (0, 1):
        if order:
            for name in ("sizes.csv", "train.csv"):
                reorder(folder / name, order)
        assert command("fit", "sizes.csv", *QUICK, *TEST, "-o", f"out{order}").code == 0
    for one in (folder / "out0").iterdir():
        assert one.read_bytes() == (folder / "out1" / one.name).read_bytes()


def test_predicting_loads_numpy_alone(folder):
    assert command("fit", "sizes.csv", *QUICK).code == 0
    (folder / "pbl.toml").write_text('[contract]\ntemplate = "template.csv"\n')
    code = (
        "import os, sys\n"
        "os._exit = sys.exit\n"
        "from pbl.__main__ import main\n"
        "sys.argv = ['pbl', 'predict', 'pillars/sizes.npz', 'sizes.csv']\n"
        "try:\n    main()\nexcept SystemExit as stop:\n    assert not stop.code\n"
        f"print([name for name in {HEAVY} if name in sys.modules])\n"
    )
    done = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert done.stdout.strip() == "[]"
    assert (folder / "submission_sizes.csv").exists()


def test_groups_and_folds_keep_apart_what_they_name(folder):
    found = json.loads(command("fit", "sizes.csv", *QUICK, "--groups", "site", "--format", "json").out)
    assert found["groups"] == {"by": ["site"], "count": 9, "folds": 5}
    fold = {f"ID{k:03}": str(k % 3) for k in range(45)}
    write(folder / "folds.csv", list(fold.items()), ("sample_id", "fold"))
    done = command("fit", "sizes.csv", *QUICK, "--folds", "folds.csv", "--pillar", "p")
    assert done.code == 0, done.talk
    lines = (folder / "pillars/oof_p.csv").read_text().splitlines()[1:]
    assert all(line.split(",")[2] == fold[line[:5]] for line in lines)


@pytest.mark.parametrize(
    ("words", "code", "said"),
    [
        (("--k", "50"), 2, "fewer than 50 folds"),
        (("--k", "1"), 2, "--k"),
        (("--groups", "State"), 2, "no column 'State'"),
        (("--groups", "site", "--folds", "train.csv"), 2, "give one of them"),
        (("--test", "sizes.csv"), 2, "belong together"),
        (("--pillar", "a/b"), 2, "--pillar"),
        (("--task", "binary"), 2, "aren't all 0 or 1"),
        (("--learners", "mlp"), 2, "for regression there are"),
        (("--metric", "rmses"), 2, "rmses"),
        (("--key", "plot"), 2, "--key plot"),
        (("none.csv",), 2, "no such file"),
    ],
)
def test_what_cannot_be_fitted_is_one_message_and_nothing_is_written(folder, words, code, said):
    done = command("fit", "sizes.csv", *QUICK, *words)
    assert done.code == code
    assert said in done.talk
    assert not (folder / "pillars").exists()


def test_data_that_is_not_fine_is_a_finding_and_nothing_is_written(folder):
    text = (folder / "sizes.csv").read_text()
    (folder / "sizes.csv").write_text("".join(text.splitlines(keepends=True)[:40]))
    done = command("fit", "sizes.csv", *QUICK, "--format", "json")
    assert done.code == 1
    (found,) = json.loads(done.out)["findings"]
    assert (found["code"], found["count"]) == ("PBL805", 6)
    (folder / "sizes.csv").write_text(text)
    truth = (folder / "train.csv").read_text()
    (folder / "train.csv").write_text("".join(truth.splitlines(keepends=True)[:-1]))
    assert "PBL807" in command("fit", "sizes.csv", *QUICK).talk
    assert not (folder / "pillars").exists()


def test_folds_that_split_or_lack_a_sample_are_a_finding(folder):
    write(folder / "folds.csv", {"ID000": 1}, ("sample_id", "fold"))
    assert "PBL808" in command("fit", "sizes.csv", *QUICK, "--folds", "folds.csv").talk


def test_another_features_file_is_refused_by_name(folder):
    assert command("fit", "sizes.csv", *QUICK).code == 0
    write(folder / "other.csv", {"ID050": (1.0, 2.0)}, ("sample", "x", "w"))
    done = command("predict", "pillars/sizes.npz", "other.csv")
    assert done.code == 1
    assert "PBL806" in done.talk
    assert "y, z" in done.talk
    damaged = bytearray((folder / "pillars/sizes.npz").read_bytes())
    damaged[len(damaged) // 2] ^= 1
    (folder / "pillars/sizes.npz").write_bytes(damaged)
    done = command("predict", "pillars/sizes.npz", "sizes.csv")
    assert (done.code, "PBL821" in done.talk) == (1, True)
    assert not (folder / "submission_sizes.csv").exists()


def test_a_file_that_is_not_the_pillars_own_is_not_replaced(folder):
    assert command("fit", "sizes.csv", *QUICK).code == 0
    again = command("fit", "sizes.csv", *QUICK, "--seed", "3", "--groups", "site")
    assert again.code == 0, again.talk
    (folder / "pillars/oof_sizes.csv").write_text("mine\n")
    done = command("fit", "sizes.csv", *QUICK)
    assert (done.code, "--force" in done.talk) == (2, True)
    assert (folder / "pillars/oof_sizes.csv").read_text() == "mine\n"
    assert command("fit", "sizes.csv", *QUICK, "--force").code == 0
    (folder / "submission_sizes.csv").write_text("mine\n")
    done = command("predict", "pillars/sizes.npz", "sizes.csv")
    assert (done.code, "--force" in done.talk) == (2, True)


def test_the_pbl_toml_beside_the_truth_holds_and_is_said(folder, monkeypatch):
    (folder / "pbl.toml").write_text('[metric]\nname = "rmse"\ngroups = ["site"]\n')
    (folder / "other").mkdir()
    monkeypatch.chdir(folder / "other")
    words = ("--truth", "../train.csv", "--learners", "ridge", "--format", "json")
    done = command("fit", "../sizes.csv", *words)
    assert done.code == 0, done.talk
    found = json.loads(done.out)
    assert (found["metric"], found["greater_is_better"], found["groups"]["by"]) == ("rmse", False, ["site"])
    assert "pbl.toml holds" in done.talk


def test_an_input_is_never_written_over(folder):
    (folder / "pillars").mkdir()
    (folder / "train.csv").rename(folder / "pillars/oof_sizes.csv")
    done = command("fit", "sizes.csv", "--truth", "pillars/oof_sizes.csv", "--force", "--learners", "ridge")
    assert (done.code, "is an input" in done.talk) == (2, True)


@pytest.mark.usefixtures("folder")
def test_a_submission_of_an_earlier_fit_is_told_of():
    assert command("fit", "sizes.csv", *QUICK, *TEST).code == 0
    assert "is of an earlier fit" in command("fit", "sizes.csv", *QUICK, "--groups", "site").talk


def test_nothing_is_written_where_one_file_cannot_be(folder):
    (folder / "out").mkdir()
    (folder / "out/b.csv").mkdir()
    with pytest.raises(OutputError):
        write_files(folder / "out", {"a.npz": b"1", "b.csv": b"2"}, force=True)
    assert [each.name for each in (folder / "out").iterdir()] == ["b.csv"]


def test_a_file_at_fault_goes_by_its_stem_and_is_not_called_the_template(tmp_path):
    (tmp_path / "siglip.npz").write_bytes(b"no container")
    done = command("predict", tmp_path / "siglip.npz", tmp_path / "siglip.npz")
    assert done.code == 1
    assert done.talk.startswith("siglip  ")
    assert "template" not in done.talk


def test_a_fitted_pillar_of_several_files_is_packed_with_all_of_them_or_none(folder):
    assert command("fit", "sizes.csv", *QUICK, *TEST).code == 0
    usual = (folder / "pillars/submission_sizes.csv").read_bytes()
    (folder / "pbl.toml").write_text(
        '[pillars.other]\nfile = "other.csv"\nweight = 1.0\n[pillars.sizes]\nfiles = ["one.csv", "two.csv"]\n'
        'fitted = "pillars/sizes.npz"\nimages = "test"\nweight = 1.0\n'
    )
    words = ("pack", "--dataset", "ann/my-pillars", "--competition", "comp", "--no-wheels", "--force")
    for name, code in (("other.csv", 0), ("one.csv", 1), ("two.csv", 0)):
        (folder / name).write_bytes(usual)
        done = command(*words)
        assert (done.code, "PBL608" in done.talk) == (code, code == 1), done.talk
        packed = (folder / "pack/dataset/pbl.toml").read_text()
        assert ("submission_sizes.2.csv" in packed, "fitted_sizes.npz" in packed) == (name == "two.csv", True)
