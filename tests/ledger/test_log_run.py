import csv
import json
import os
import re
from datetime import UTC, datetime
from functools import partial

import pytest
from support.ledger import blended, log_as_told, rows_of, run
from support.making import write

import pbl
from pbl.domain.errors import ChangedError, InputError, UsageError
from pbl.domain.run_row import COLUMNS
from pbl.ledger.log_run import Scores

NOW = datetime(2026, 1, 5, 23, 59, 59, 987654, tzinfo=UTC)
LOG = "scores_2026-01-05_base.csv"
log = partial(log_as_told, when=NOW)


def test_a_blend_fills_its_row_from_its_recipe(tmp_path):
    submission = blended(tmp_path)
    done = log(tmp_path, submission=submission, scores=Scores(cv=0.1 + 0.2, public=0.25), metric="r2", notes="first")
    path = tmp_path / "run_logs" / LOG
    assert path.read_text(encoding="utf-8").splitlines()[0] == ",".join(COLUMNS)
    assert COLUMNS[:3] == ("pillar", "model", "processed_cv")
    (row,) = rows_of(path)
    recipe = json.loads((tmp_path / "submission.recipe.json").read_text(encoding="utf-8"))
    assert row["pillar"] == "blend"
    assert row["model"] == "siglip=0.75 dino=0.25"
    assert float(row["processed_cv"]) == 0.1 + 0.2
    assert row["full_cv"] == row["private_score"] == ""
    assert row["public_score"] == "0.25"
    assert json.loads(row["weights"]) == recipe["shares"] == {"siglip": 0.75, "dino": 0.25}
    assert json.loads(row["inputs"]) == {each["name"]: each["sha256"] for each in recipe["inputs"]}
    assert (row["clip_min"], row["clip_max"], row["rows"], row["clipped"]) == ("0.5", "", "2", "0")
    assert row["submission"] == "submission.csv"
    assert row["submission_sha256"] == recipe["output"]["sha256"]
    assert row["logged_at"] == "2026-01-05T23:59:59Z"
    assert (row["label"], row["metric"], row["notes"], row["method"]) == ("base", "r2", "first", "weighted-mean")
    assert row["run_id"] == done.run_id
    assert re.fullmatch(r"20260105-[0-9a-z]{8}", done.run_id)


def test_the_method_of_a_row_says_what_else_made_the_numbers(here):
    write("a.csv", {"s__x": 1.0, "s__y": 2.0})
    write("b.csv", {"s__x": 3.0, "s__y": 5.0})
    (here / "pbl.toml").write_text(
        "[pillars.a]\nfile = 'a.csv'\n[pillars.b]\nfile = 'b.csv'\n"
        "[[constraints]]\ntotal = 'y'\nparts = ['x']\n[per_target.x]\na = 1\n"
    )
    for name, flags in {"one": {"per_target": True, "reconcile": True}, "two": {"reconcile": True}}.items():
        pbl.blend(method="median", output=f"{name}.csv", **flags)
        log(here, submission=here / f"{name}.csv")
    rows = rows_of(here / "run_logs" / LOG)
    assert [row["method"] for row in rows] == ["median per-target reconcile", "median reconcile"]


def test_a_metric_that_is_turned_round_is_logged_with_a_warning(tmp_path):
    words = ("log-run", "-l", "a", "--pillar", "siglip", "--model", "m", "--cv", "0.5", "--metric")
    told = run(*words, "RMSE:max", cwd=tmp_path)
    assert "warning 'RMSE:max' says that greater is better, but for RMSE less is better" in told.stderr
    assert "all runs of RMSE are ranked so now" in told.stderr
    as_json = run(*words, "auc:min", "--format", "json", cwd=tmp_path)
    assert [each["code"] for each in json.loads(as_json.stdout)["warnings"]] == ["metric-turned"]
    for plain in ("rmse:min", "ours:max", "rmse"):
        assert "warning" not in run(*words, plain, cwd=tmp_path).stderr
    assert len(rows_of(next((tmp_path / "run_logs").iterdir()))) == 5


def test_the_day_in_the_name_and_the_moment_in_the_row_are_one_clock_reading_in_utc(tmp_path):
    submission = blended(tmp_path)
    east = datetime.fromisoformat("2026-01-06T01:30:00+02:00")
    done = pbl.log_run(submission, label="x", logs=tmp_path / "run_logs", now=east)
    assert done.appended.path.name == "scores_2026-01-05_x.csv"
    assert rows_of(done.appended.path)[0]["logged_at"] == "2026-01-05T23:30:00Z"


def test_two_runs_of_a_day_and_label_are_one_header_and_two_rows(tmp_path):
    submission = blended(tmp_path)
    first, second = (log(tmp_path, submission=submission, scores=Scores(cv=cv)) for cv in (0.5, 0.6))
    with (tmp_path / "run_logs" / LOG).open(encoding="utf-8", newline="") as file:
        table = list(csv.reader(file))
    assert [row[:3] for row in table] == [
        ["pillar", "model", "processed_cv"],
        ["blend", "siglip=0.75 dino=0.25", "0.5"],
        ["blend", "siglip=0.75 dino=0.25", "0.6"],
    ]
    assert first.run_id != second.run_id
    assert first.appended.created
    assert not second.appended.created


@pytest.mark.parametrize("edit", [b"x", b"\n", None])
def test_a_submission_edited_since_is_refused_and_nothing_is_logged(tmp_path, edit):
    submission = blended(tmp_path)
    data = submission.read_bytes()
    submission.write_bytes(data + edit if edit else data.replace(b"1", b"9", 1))
    with pytest.raises(ChangedError, match="edited since"):
        log(tmp_path, submission=submission)
    assert not (tmp_path / "run_logs").exists()


def test_a_submission_without_recipe_is_logged_with_hash_and_rows_and_empty_recipe_columns(tmp_path):
    submission = tmp_path / "other.csv"
    submission.write_text('sample_id,target\n"a",1\nb,2\nc,3\n', encoding="utf-8")
    done = run("log-run", "other.csv", "--label", "base", cwd=tmp_path)
    (path,) = (tmp_path / "run_logs").iterdir()
    (row,) = rows_of(path)
    assert row["rows"] == "3"
    assert len(row["submission_sha256"]) == 64
    assert row["weights"] == row["inputs"] == row["method"] == row["clip_min"] == ""
    assert "no recipe" in done.stderr


def test_files_that_are_none_are_refused_and_nothing_hangs(tmp_path):
    os.mkfifo(tmp_path / "pipe.csv")
    (tmp_path / "folder.csv").mkdir()
    (tmp_path / "empty.csv").touch()
    (tmp_path / "packed.csv").write_bytes(b"\x1f\x8b123")
    for name in ("pipe.csv", "folder.csv", "not_there.csv", "empty.csv", "packed.csv"):
        with pytest.raises(InputError, match=re.escape(name)):
            log(tmp_path, submission=tmp_path / name)
    assert not (tmp_path / "run_logs").exists()


def test_stdout_has_the_run_id_the_file_and_the_ready_line(tmp_path):
    blended(tmp_path)
    done = run("log-run", "--label", "my.label-1", "--cv", "0.5", cwd=tmp_path)
    (path,) = (tmp_path / "run_logs").iterdir()
    run_id = rows_of(path)[0]["run_id"]
    assert done.stdout.splitlines() == [
        f"run     {run_id}",
        f"file    run_logs/{path.name}",
        f"submit  kaggle competitions submit COMPETITION -f submission.csv -m 'pbl:{run_id} my.label-1'",
    ]
    assert done.stderr == ""


def test_json_is_one_object_on_stdout_on_failure_too(tmp_path):
    blended(tmp_path)
    told = json.loads(run("log-run", "--label", "a", "--format", "json", cwd=tmp_path).stdout)
    assert told["schema_version"] == 1
    assert told["command"] == "log-run"
    assert told["rows"][0]["weights"] == {"siglip": 0.75, "dino": 0.25}
    assert told["rows"][0]["clip_max"] is None
    assert f"pbl:{told['run_id']} a" in told["next"][0]
    failed = json.loads(run("log-run", "--label", "../a", "--format", "json", cwd=tmp_path, code=2).stdout)
    assert failed["ok"] is False
    assert "--label" in failed["error"]


@pytest.mark.parametrize("label", ["", "../x", "a/b", ".hidden", "-x", "a b", "é", "a" * 65, "a\n", "=1+1", "a\0b"])
def test_other_labels_are_refused(tmp_path, label):
    with pytest.raises(UsageError, match="--label"):
        log(tmp_path, submission=blended(tmp_path), label=label)
    assert not (tmp_path / "run_logs").exists()


def test_an_empty_label_is_no_missing_one(tmp_path):
    for words in (["--label="], ["--label", ""], ["-l", ""]):
        told = run("log-run", *words, cwd=tmp_path, code=2).stderr
        assert told.startswith("pbl log-run: --label: '' is no label: 1 to 64 letters"), told
    assert "Missing option --label" in run("log-run", cwd=tmp_path, code=2).stderr


@pytest.mark.parametrize("label", ["a", "0", "A.b_c-d", "a..b", "a" * 64])
def test_these_labels_are_fine(tmp_path, label):
    done = log(tmp_path, submission=blended(tmp_path), label=label)
    assert done.appended.path.name == f"scores_2026-01-05_{label}.csv"


def test_a_pillar_is_logged_without_a_submission(tmp_path):
    done = log(tmp_path, pillar="siglip", model="cat_seed0", scores=Scores(cv=0.787076, full_cv=0.78))
    (row,) = rows_of(tmp_path / "run_logs" / LOG)
    assert list(row.values())[:4] == ["siglip", "cat_seed0", "0.787076", "0.78"]
    assert row["submission"] == row["submission_sha256"] == row["weights"] == ""
    assert done.submit is None


@pytest.mark.parametrize(
    "rest",
    [
        {},
        {"scores": Scores(cv=0.5)},
        {"pillar": "siglip"},
        {"model": "cat", "scores": Scores(cv=0.5)},
        {"pillar": "siglip", "model": "cat"},
        {"pillar": "", "model": "cat", "scores": Scores(cv=0.5)},
    ],
)
def test_nothing_to_log_is_a_usage_error(tmp_path, rest):
    with pytest.raises(UsageError):
        log(tmp_path, **rest)
    assert not (tmp_path / "run_logs").exists()


def test_without_submission_the_one_that_is_there_is_taken_else_exit_2(tmp_path):
    assert "nothing to log" in run("log-run", "--label", "a", cwd=tmp_path, code=2).stderr
    assert "--label" in run("log-run", "--cv", "0.5", cwd=tmp_path, code=2).stderr
    assert "nan" in run("log-run", "--label", "a", "--cv", "nan", cwd=tmp_path, code=2).stderr
    blended(tmp_path)
    run("log-run", "--label", "a", cwd=tmp_path)
    assert rows_of(next((tmp_path / "run_logs").iterdir()))[0]["submission"] == "submission.csv"


def test_a_path_elsewhere_is_noted_in_full(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    submission = blended(tmp_path / "a")
    assert log(tmp_path / "b", submission=submission).rows[0].submission == submission.as_posix()
    assert log(tmp_path, submission=submission).rows[0].submission == "a/submission.csv"


def test_python_gets_what_the_command_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blended(tmp_path)
    done = pbl.log_run(label="api", cv=0.5, now=NOW)
    assert done.to_json()["file"] == "run_logs/scores_2026-01-05_api.csv"
    assert done.to_json()["rows"][0]["processed_cv"] == 0.5
    with pytest.raises(UsageError, match="finite"):
        pbl.log_run(label="api", cv=float("nan"))
