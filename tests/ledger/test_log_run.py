import csv
import json
import multiprocessing
import os
import re
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime

import pytest
from hypothesis import given
from hypothesis import strategies as st

import pbl
from pbl.domain.errors import ChangedError, InputError, LogError, UsageError
from pbl.ledger.log_format import COLUMNS, meant, written
from pbl.ledger.log_run import Scores, Surroundings, log_run

PBL = [sys.executable, "-m", "pbl"]
NOW = datetime(2026, 1, 5, 23, 59, 59, 987654, tzinfo=UTC)
LOG = "scores_2026-01-05_base.csv"
ENV = {name: value for name, value in os.environ.items() if not name.startswith(("KAGGLE_", "GIT_"))}


def run(*words, cwd, code=0, **env):
    done = subprocess.run([*PBL, *words], cwd=cwd, env=ENV | env, capture_output=True, text=True, check=False)
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def blended(folder, **weights):
    """Blend two pillars in a folder, and return the submission."""
    weights = weights or {"siglip": 0.75, "dino": 0.25}
    for n, name in enumerate(weights):
        (folder / f"{name}.csv").write_text(f"sample_id,target\na,{1 + n}\nb,{2 - n * 4}\n", encoding="utf-8")
    pillars = {name: folder / f"{name}.csv" for name in weights}
    pbl.blend(pillars=pillars, weights=weights, clip_min=0.5, output=folder / "submission.csv")
    return folder / "submission.csv"


def log(submission=None, *, label="base", folder, env=None, now=NOW, **rest):
    surroundings = Surroundings.of(ENV | (env or {}), now=now, version="0.1.0")
    return log_run(submission, label=label, logs=folder / "run_logs", surroundings=surroundings, **rest)


def test_a_blend_fills_its_row_from_its_recipe(tmp_path):
    submission = blended(tmp_path)
    done = log(submission, folder=tmp_path, scores=Scores(cv=0.1 + 0.2, public=0.25), metric="r2", notes="first")
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


def test_the_day_in_the_name_and_the_moment_in_the_row_are_one_clock_reading_in_utc(tmp_path):
    submission = blended(tmp_path)
    east = datetime.fromisoformat("2026-01-06T01:30:00+02:00")
    done = pbl.log_run(submission, label="x", logs=tmp_path / "run_logs", now=east)
    assert done.appended.path.name == "scores_2026-01-05_x.csv"
    assert rows_of(done.appended.path)[0]["logged_at"] == "2026-01-05T23:30:00Z"


def test_two_runs_of_a_day_and_label_are_one_header_and_two_rows(tmp_path):
    submission = blended(tmp_path)
    first, second = (log(submission, folder=tmp_path, scores=Scores(cv=cv)) for cv in (0.5, 0.6))
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
        log(submission, folder=tmp_path)
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
            log(tmp_path / name, folder=tmp_path)
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
        log(blended(tmp_path), folder=tmp_path, label=label)
    assert not (tmp_path / "run_logs").exists()


def test_an_empty_label_is_no_missing_one(tmp_path):
    for words in (["--label="], ["--label", ""], ["-l", ""]):
        told = run("log-run", *words, cwd=tmp_path, code=2).stderr
        assert told.startswith("pbl log-run: --label: '' is no label: 1 to 64 letters"), told
    assert "Missing option --label" in run("log-run", cwd=tmp_path, code=2).stderr


@pytest.mark.parametrize("label", ["a", "0", "A.b_c-d", "a..b", "a" * 64])
def test_these_labels_are_fine(tmp_path, label):
    done = log(blended(tmp_path), folder=tmp_path, label=label)
    assert done.appended.path.name == f"scores_2026-01-05_{label}.csv"


def test_a_pillar_is_logged_without_a_submission(tmp_path):
    done = log(folder=tmp_path, pillar="siglip", model="cat_seed0", scores=Scores(cv=0.787076, full_cv=0.78))
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
        log(folder=tmp_path, **rest)
    assert not (tmp_path / "run_logs").exists()


def test_without_submission_the_one_that_is_there_is_taken_else_exit_2(tmp_path):
    assert "nothing to log" in run("log-run", "--label", "a", cwd=tmp_path, code=2).stderr
    assert "--label" in run("log-run", "--cv", "0.5", cwd=tmp_path, code=2).stderr
    assert "nan" in run("log-run", "--label", "a", "--cv", "nan", cwd=tmp_path, code=2).stderr
    blended(tmp_path)
    run("log-run", "--label", "a", cwd=tmp_path)
    assert rows_of(next((tmp_path / "run_logs").iterdir()))[0]["submission"] == "submission.csv"


@pytest.mark.parametrize("end", ["\n", "\r\n"])
def test_scores_copies_the_rows_of_a_table_under_one_run_id(tmp_path, end):
    table = tmp_path / "scores.csv"
    text = ["pillar,model,processed_cv,full_cv", "SigLIP-Advanced,cat_seed0,0.787076,0.79", "SigLIP-Advanced,ridge,.5,"]
    table.write_bytes(end.join([*text, ""]).encode())
    submission = blended(tmp_path)
    log(submission, folder=tmp_path, table=table, scores=Scores(cv=0.8))
    first, *rest = rows_of(tmp_path / "run_logs" / LOG)
    assert [[*row.values()][:4] for row in rest] == [
        ["SigLIP-Advanced", "cat_seed0", "0.787076", "0.79"],
        ["SigLIP-Advanced", "ridge", ".5", ""],
    ]
    assert {row["run_id"] for row in rest} == {first["run_id"]}
    assert first["processed_cv"] == "0.8"
    assert all(row["submission_sha256"] == "" for row in rest)
    log(folder=tmp_path, table=table, label="alone")
    assert len(rows_of(tmp_path / "run_logs" / "scores_2026-01-05_alone.csv")) == 2


@pytest.mark.parametrize(
    ("text", "told"),
    [
        ("pillar,model\na,b\n", "its columns are"),
        ("pillar,model,processed_cv,extra\na,b,1,2\n", "its columns are"),
        ("pillar,model,processed_cv,model\na,b,1,2\n", "its columns are"),
        ("a,b,0.5\n", "its columns are"),
        ("", "its columns are"),
        ("pillar,model,processed_cv\n", "a header and no row"),
        ("pillar,model,processed_cv\na,b,nan\n", "row 2: processed_cv is 'nan'"),
        ("pillar,model,processed_cv\na,b,0.5\na,c,1_000\n", "row 3: processed_cv is '1_000'"),
        ("pillar,model,processed_cv\na,b,\n", "row 2: processed_cv is ''"),
        ("pillar,model,processed_cv\na,,0.5\n", "row 2: model is empty"),
        ("pillar,model,processed_cv\na,b,0.5\na,b\n", "row 3 has 2 cells"),
        ("pillar,model,processed_cv\na,b,0.5\na,b,0.6\n", "row 3: a, b is row 2 again"),
        ('pillar,model,processed_cv\na,"b,0.5\n', "row 2 is broken"),
    ],
)
def test_a_table_that_is_in_doubt_is_refused_as_a_whole(tmp_path, text, told):
    table = tmp_path / "table.csv"
    table.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=re.escape(told)):
        log(folder=tmp_path, table=table)
    assert not (tmp_path / "run_logs").exists()


def test_a_log_with_other_columns_is_left_alone_and_another_label_is_the_way_out(tmp_path):
    old = tmp_path / "run_logs" / LOG
    old.parent.mkdir()
    old.write_bytes(b"pillar,model,processed_cv\r\nSigLIP-Advanced,cat_seed0,0.787076\r\n")
    before = old.read_bytes()
    with pytest.raises(LogError, match="another --label"):
        log(blended(tmp_path), folder=tmp_path)
    assert old.read_bytes() == before
    log(tmp_path / "submission.csv", folder=tmp_path, label="base2")


def test_a_torn_tail_is_set_aside_and_said(tmp_path):
    submission = blended(tmp_path)
    now = datetime.now(UTC)
    done = log(submission, folder=tmp_path, now=now)
    with done.appended.path.open("ab") as file:
        file.write(b"blend,half")
    told = run("log-run", "--label", "base", cwd=tmp_path)
    if done.appended.path.name in told.stdout:  # else midnight passed in between
        assert ".torn-1" in told.stderr
        assert len(rows_of(done.appended.path)) == 2


def test_formulas_are_defused_in_text_and_never_in_hashes_numbers_or_ids(tmp_path):
    evil = '=HYPERLINK("http://x")'
    log(blended(tmp_path), folder=tmp_path, notes=evil, metric="+m", scores=Scores(cv=-0.5))
    log(folder=tmp_path, pillar="@p", model="-m\nsecond,line", scores=Scores(cv=-1e-7))
    first, second = rows_of(tmp_path / "run_logs" / LOG)
    assert first["notes"] == f"'{evil}"
    assert first["metric"] == "'+m"
    assert first["processed_cv"] == "-0.5"
    assert (second["pillar"], second["model"], second["processed_cv"]) == ("'@p", "'-m\nsecond,line", "-1e-07")


@given(st.sampled_from(COLUMNS), st.text(alphabet="'=+-@\t\rab0 ", max_size=6))
def test_what_is_written_is_read_back_and_is_no_formula(column, text):
    cell = written(column, text)
    assert meant(column, cell) == text
    if column in {"notes", "pillar", "model", "submission"}:
        assert not cell.startswith(("=", "@", "\t", "\r"))


def git(folder, *words):
    subprocess.run(["git", "-c", "user.name=a", "-c", "user.email=a@b", *words], cwd=folder, env=ENV, check=True)


def test_the_commit_is_that_of_the_repository_that_holds_the_recipe_and_not_the_image_s(tmp_path):
    home = tmp_path / "repo"
    home.mkdir()
    git(home, "init", "-q")
    submission = blended(home)
    wrong = {"GIT_COMMIT": "f" * 40, "GIT_DIR": str(tmp_path / "elsewhere"), "GIT_INDEX_FILE": "/dev/null"}
    assert log(submission, folder=home, env=wrong, label="none").rows[0]["git_commit"] == ""
    git(home, "add", ".")
    git(home, "commit", "-q", "-m", "all")
    head = subprocess.check_output(["git", "rev-parse", "HEAD"], cwd=home, text=True).strip()
    (home / "untracked.txt").touch()
    log(submission, folder=home, env=wrong, label="none")
    row = log(submission, folder=home, env=wrong, label="none").rows[0]
    # a log that is tracked has grown by now: that is no change of the code
    assert (row["git_commit"], row["git_dirty"]) == (head, "false")
    (home / "siglip.csv").write_text("changed", encoding="utf-8")
    assert log(submission, folder=home).rows[0]["git_dirty"] == "true"


def test_no_git_and_no_repository_are_fine(tmp_path):
    row = log(blended(tmp_path), folder=tmp_path, env={"PATH": str(tmp_path)}).rows[0]
    assert (row["git_commit"], row["git_dirty"]) == ("", "")


def test_on_kaggle_the_kind_of_run_is_noted(tmp_path):
    submission = blended(tmp_path)
    kaggle = {"KAGGLE_KERNEL_RUN_TYPE": "Batch"}
    at_home, draft, rerun = (
        log(submission, folder=tmp_path, env=env).rows[0]
        for env in ({}, kaggle, kaggle | {"KAGGLE_IS_COMPETITION_RERUN": "1"})
    )
    assert (at_home["kaggle_run_type"], at_home["kaggle_rerun"]) == ("", "")
    assert (draft["kaggle_run_type"], draft["kaggle_rerun"]) == ("Batch", "false")
    assert rerun["kaggle_rerun"] == "true"


def test_a_path_elsewhere_is_noted_in_full(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    submission = blended(tmp_path / "a")
    assert log(submission, folder=tmp_path / "b").rows[0]["submission"] == submission.as_posix()
    assert log(submission, folder=tmp_path).rows[0]["submission"] == "a/submission.csv"


def test_nothing_but_the_log_is_written(tmp_path):
    submission = blended(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    log(submission, folder=tmp_path)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert [path.name for path in (tmp_path / "run_logs").iterdir()] == [LOG]


def many(folder, who):
    for n in range(25):
        log(folder=folder, pillar=f"p{who}", model=f"m{n}", scores=Scores(cv=n / 100), notes='two\nlines, a "quote"')


def test_processes_at_once_lose_and_tear_no_row_and_write_one_header(tmp_path):
    spawn = multiprocessing.get_context("spawn")
    workers = [spawn.Process(target=many, args=(tmp_path, who)) for who in range(6)]
    commands = [
        [*PBL, "log-run", "--label", "base", "--pillar", f"cli{n}", "--model", "m", "--cv", "0.5"] for n in range(6)
    ]
    for worker in workers:
        worker.start()
    clients = [subprocess.Popen(words, cwd=tmp_path, env=ENV, stdout=subprocess.DEVNULL) for words in commands]
    assert [client.wait(60) for client in clients] == [0] * len(clients)
    for worker in workers:
        worker.join(60)
        assert worker.exitcode == 0
    logs = list((tmp_path / "run_logs").iterdir())
    rows = [row for path in logs for row in rows_of(path)]
    assert len({row["run_id"] for row in rows}) == len(rows)
    wanted = [(f"p{who}", f"m{n}") for who in range(6) for n in range(25)] + [(f"cli{n}", "m") for n in range(6)]
    assert Counter((row["pillar"], row["model"]) for row in rows) == Counter(wanted)
    assert all(path.read_text(encoding="utf-8").count("run_id") == 1 for path in logs)


def test_python_gets_what_the_command_does(tmp_path, monkeypatch):
    monkeypatch.chdir(tmp_path)
    blended(tmp_path)
    done = pbl.log_run(label="api", cv=0.5, now=NOW)
    assert done.to_json()["file"] == "run_logs/scores_2026-01-05_api.csv"
    assert done.to_json()["rows"][0]["processed_cv"] == 0.5
    with pytest.raises(UsageError, match="finite"):
        pbl.log_run(label="api", cv=float("nan"))
