import json
import subprocess
from datetime import UTC, datetime
from functools import partial

import pytest
from support.ledger import ENV, blended, log_as_told, rows_of, run, run_apart

NOW = datetime(2026, 1, 5, 23, 59, 59, 987654, tzinfo=UTC)
log = partial(log_as_told, when=NOW)


def git(folder, *words):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, env=ENV, check=True)


def test_the_commit_is_that_of_the_repository_that_holds_the_recipe_and_not_the_image_s(tmp_path):
    home = tmp_path / "repo"
    home.mkdir()
    git(home, "init", "-q")
    submission = blended(home)
    wrong = {"GIT_COMMIT": "f" * 40, "GIT_DIR": str(tmp_path / "elsewhere"), "GIT_INDEX_FILE": "/dev/null"}
    assert log(home, submission=submission, env=wrong, label="none").rows[0].git_commit == ""
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "all")
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=home, text=True).strip()
    (home / "untracked.txt").touch()
    log(home, submission=submission, env=wrong, label="none")
    row = log(home, submission=submission, env=wrong, label="none").rows[0]
    # a log that is tracked has grown by now: that is no change of the code
    assert (row.git_commit, row.git_dirty) == (head, False)
    (home / "siglip.csv").write_text("changed", encoding="utf-8")
    assert log(home, submission=submission).rows[0].git_dirty is True


def test_no_git_and_no_repository_are_fine(tmp_path):
    row = log(tmp_path, submission=blended(tmp_path), env={"PATH": str(tmp_path)}).rows[0]
    assert (row.git_commit, row.git_dirty) == ("", None)


def test_on_kaggle_the_kind_of_run_is_noted(tmp_path):
    submission = blended(tmp_path)
    kaggle = {"KAGGLE_KERNEL_RUN_TYPE": "Batch"}
    at_home, draft, rerun = (
        log(tmp_path, submission=submission, env=env).rows[0]
        for env in ({}, kaggle, kaggle | {"KAGGLE_IS_COMPETITION_RERUN": "1"})
    )
    assert (at_home.kaggle_run_type, at_home.kaggle_rerun) == ("", None)
    assert (draft.kaggle_run_type, draft.kaggle_rerun) == ("Batch", False)
    assert rerun.kaggle_rerun is True


def test_on_kaggle_the_line_that_code_competitions_need_is_shown(tmp_path):
    submission = blended(tmp_path)
    done = run("log-run", str(submission), "-l", "a", cwd=tmp_path, KAGGLE_KERNEL_RUN_TYPE="Interactive")
    (row,) = rows_of(next((tmp_path / "run_logs").iterdir()))
    line = f"kaggle competitions submit COMPETITION -k USER/SLUG -v N -f submission.csv -m 'pbl:{row['run_id']} a'"
    assert done.stdout.splitlines()[-1] == f"submit  {line}"
    told = run("log-run", str(submission), "-l", "a", "--format", "json", cwd=tmp_path)
    assert f"-f {submission} -m" in json.loads(told.stdout)["next"][0]


@pytest.mark.parametrize("locale", [{"LC_ALL": "C", "PYTHONUTF8": "0"}, {"LC_ALL": "C.UTF-8"}, {"PYTHONUTF8": "1"}])
def test_what_was_typed_stands_in_the_log_whatever_the_locale(tmp_path, locale):
    for name, target in (("ü.csv", 1), ("dino.csv", 3)):
        (tmp_path / name).write_text(f"sample_id,target\na,{target}\n", encoding="utf-8")
    run_apart("blend", "é=ü.csv", "dino.csv", "-o", "sübmit.csv", cwd=tmp_path, **locale)
    words = ["-l", "a", "--notes", "naïve ☃ 雪", "--metric", "mésure:min", "--cv", "0.5"]
    run_apart("log-run", "sübmit.csv", *words, cwd=tmp_path, **locale)
    run_apart("log-run", "-l", "a", "--pillar", "ñandú", "--model", "Größe", "--cv", "0.4", cwd=tmp_path, **locale)
    blend, pillar = rows_of(next((tmp_path / "run_logs").iterdir()))
    assert (blend["notes"], blend["metric"], blend["submission"]) == ("naïve ☃ 雪", "mésure:min", "sübmit.csv")
    assert blend["model"] == "é=0.5 dino=0.5"
    assert list(json.loads(blend["weights"])) == list(json.loads(blend["inputs"])) == ["é", "dino"]
    assert (pillar["pillar"], pillar["model"]) == ("ñandú", "Größe")
    told = json.loads(run_apart("runs", "show", blend["run_id"], "--format", "json", cwd=tmp_path, **locale).stdout)
    assert [file["status"] for file in told["files"]] == ["unchanged"] * 3
