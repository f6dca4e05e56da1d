import csv
import json
import os
import shutil
import subprocess
import sys
from collections import Counter
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest

import pbl
from pbl.domain.errors import InputError, UsageError
from pbl.kaggle.submissions import read_listing
from pbl.ledger._log_files import read_logs
from pbl.ledger.history import read_history
from pbl.ledger.import_scores import import_scores, score_run
from pbl.ledger.log_format import COLUMNS
from pbl.ledger.log_run import Scores, Surroundings, log_run
from pbl.ledger.run import best, differences, ordered

CASES = Path(__file__).parents[1] / "cases" / "run_logs"
PBL = [sys.executable, "-m", "pbl"]
ENV = {name: value for name, value in os.environ.items() if not name.startswith("KAGGLE_")} | {"COLUMNS": "100"}
FIRST, SECOND = "20260105-aaaaaaaa", "20260105-bbbbbbbb"
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@pytest.fixture
def wild(tmp_path):
    """Give a folder whose run_logs were found in the wild, with two runs of pbl's own."""
    shutil.copytree(CASES / "wild", tmp_path / "run_logs")
    return tmp_path


def run(*words, cwd, code=0, feed=None, **env):
    done = subprocess.run(
        [*PBL, "runs", *words], cwd=cwd, env=ENV | env, input=feed, capture_output=True, text=True, check=False
    )
    assert done.returncode == code, done.stderr
    assert "Traceback" not in done.stderr
    return done


def listed(*words, cwd):
    return json.loads(run(*words, "--format", "json", cwd=cwd).stdout)


def history(folder, **rest):
    return read_history(folder / "run_logs", spill=folder, **rest)


def one(folder, run_id):
    return history(folder).find(run_id)[0]


def codes(folder, **rest):
    return [notice.code for notice in history(folder, **rest).warnings]


def bring(folder, name):
    data = (CASES / "listings" / name).read_bytes()
    return import_scores(data, name=name, logs=folder / "run_logs", now=NOW, spill=folder)


def export(folder, *lines):
    """Import submissions given as `date,run id,public,private`."""
    rows = [f"s.csv,{date},pbl:{who},complete,{rest}" for date, who, rest in (each.split(",", 2) for each in lines)]
    text = "\n".join(["fileName,date,description,status,publicScore,privateScore", *rows, ""])
    return import_scores(text.encode(), name="export", logs=folder / "run_logs", now=NOW, spill=folder)


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "run_logs").iterdir()}


def log(folder, label="base", when=NOW, **rest):
    surroundings = Surroundings.of({}, now=when, version="0.1.0")
    rest = {"pillar": "p", "model": "m"} | rest if "submission" not in rest else rest
    return log_run(
        rest.pop("submission", None), label=label, logs=folder / "run_logs", surroundings=surroundings, **rest
    )


def blended(folder, pillar="siglip"):
    (folder / "a.csv").write_text("sample_id,target\na,1\nb,2\n", encoding="utf-8")
    (folder / "b.csv").write_text("sample_id,target\na,3\nb,5\n", encoding="utf-8")
    pbl.blend(
        pillars={pillar: folder / "a.csv", "dino": folder / "b.csv"}, output=folder / "submission.csv", force=True
    )
    return folder / "submission.csv"


# Reading: what the logs say


def test_old_logs_and_new_ones_are_read_alike(wild):
    told = listed(cwd=wild)
    rows = [(r["label"], r["pillar"], r["model"], r["processed_cv"]) for r in told["runs"]]
    assert ("siglip", "SigLIP-Advanced", "cat_seed0", 0.787076) in rows
    assert Counter(label for label, *_ in rows) == {
        "siglip": 4, "dino": 3, "dinov2": 3, "dinov2_clean": 3, "mvp": 2, "blend": 2
    }  # fmt: skip
    mine = next(r for r in told["runs"] if r["run_id"] == SECOND)
    assert list(mine) == [
        *("run_id", "logged_at", "label", "pillar", "model", "weights", "processed_cv", "full_cv"),
        *("public_score", "private_score", "gap", "submission_sha256", "file"),
    ]
    assert mine["weights"] == {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}
    assert (mine["logged_at"], mine["public_score"], mine["gap"]) == ("2026-01-05T10:00:00Z", None, None)
    assert mine["file"] == "run_logs/scores_2026-01-05_blend.csv"
    old = next(r for r in told["runs"] if r["model"] == "fold0")
    assert (old["logged_at"], old["weights"], old["submission_sha256"]) == ("2025-12-30", None, None)


def test_old_rows_have_ids_that_stay_when_the_log_grows(wild):
    before = {run.base.run_id for run in history(wild).runs}
    path = wild / "run_logs" / "scores_2025-12-30_dino.csv"
    head, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([head, b"DINO,new,0.5\n", *rest, b"DINO,fold0,0.701\n"]).replace(b"\n", b"\r\n"))
    after = [run.base.run_id for run in history(wild).runs]
    assert before < set(after)
    assert len(set(after)) == len(after) == len(before) + 2


def test_two_logs_with_the_same_scores_under_two_labels_are_noticed(wild):
    (notice,) = listed(cwd=wild)["warnings"][:1]
    assert notice["code"] == "RUN102"
    assert "3 score rows" in notice["message"]
    assert "dinov2, dinov2_clean" in notice["message"]


DAMAGED = {
    "extra": ("RUN202", "'seed'", ["cat"]),
    "missing": ("RUN202", "'processed_cv'", ["cat"]),
    "torn": ("RUN205", "row 3", ["cat"]),
    "header": ("RUN202", "'name,score'", []),
    "headless": ("RUN202", "not read", []),
    "mixed": (None, None, ["a", "b", "c"]),
    "latin1": ("RUN204", "UTF-8", ["Mod\\xe8le"]),
    "rows": ("RUN203", "3 rows not read: row 3 is broken", ["a", "e"]),
    "cells": ("RUN204", "row 2: processed_cv is 'n/a'", ["a", "b", "c", "d", "e"]),
    "empty": ("RUN201", "is empty", []),
    "twice": ("RUN202", "'model' stands there twice", []),
    "utf16": ("RUN201", "not read", []),
    "nul": ("RUN203", "row 2 has a NUL character", ["b"]),
    "mac": (None, None, ["mac"]),
    "odd name": (None, None, ["odd"]),
}


def test_each_damaged_log_is_read_or_named_and_never_dropped_in_silence():
    told = run("--logs", str(CASES / "damaged"), "--columns", "label,model", "--format", "csv", cwd=CASES)
    models = {}
    for label, model in list(csv.reader(told.stdout.splitlines()))[1:]:
        models.setdefault(label.removeprefix("notadate_"), []).append(model)
    for name, (code, message, wanted) in DAMAGED.items():
        assert models.get(name, []) == wanted, name
        about = [line for line in told.stderr.splitlines() if f"_{name}.csv: " in line]
        assert len(about) == (code is not None), name
        if code:
            assert about[0].startswith(f"warning {code}: "), name
            assert message in about[0], name
    assert len(list((CASES / "damaged").iterdir())) == len(DAMAGED)


def test_a_broken_row_hides_none_of_the_rows_around_it(tmp_path):
    (tmp_path / "run_logs").mkdir()
    path = tmp_path / "run_logs" / "scores_2026-01-01_x.csv"
    good = [f'SigLIP,"m{n}, ""q""",0.{n + 1}' for n in range(50)]
    for bad in ('SigLIP,"open,0.5', "SigLIP,short", '"a"b,c,0.1', "a,b,c,d"):
        for place in (0, 25, 50):
            lines = ["pillar,model,processed_cv", *good[:place], bad, *good[place:]]
            path.write_text("\n".join([*lines, ""]), encoding="utf-8")
            logs = read_logs(tmp_path / "run_logs")
            assert [fact.cells["model"] for fact in logs.facts] == [f'm{n}, "q"' for n in range(50)]
            assert f"row {place + 2} " in logs.troubles[0].message


def test_a_row_that_swallows_others_gives_them_back(tmp_path):
    (tmp_path / "run_logs").mkdir()
    path = tmp_path / "run_logs" / "scores_2026-01-01_x.csv"
    path.write_text('pillar,model,processed_cv\na,"open,0.5\nb,good,0.6\nc,x",0.7,8\n', encoding="utf-8")
    logs = read_logs(tmp_path / "run_logs")
    assert [fact.cells["model"] for fact in logs.facts] == ["good"]
    assert "2 rows not read: row 2 has 4 cells, expected 3; row 4 has 4 cells" in logs.troubles[0].message


def test_folders_pipes_and_dangling_links_are_named_and_nothing_hangs(wild):
    os.mkfifo(wild / "run_logs" / "scores_2026-03-01_pipe.csv")
    (wild / "run_logs" / "scores_2026-03-02_folder.csv").mkdir()
    (wild / "run_logs" / "scores_2026-03-03_link.csv").symlink_to("nowhere")
    told = run("--limit", "1", cwd=wild)
    assert [name for name in ("_pipe.csv", "_folder.csv", "_link.csv") if name in told.stderr] == [
        "_pipe.csv", "_folder.csv", "_link.csv"
    ]  # fmt: skip


def test_no_logs_are_no_runs_but_a_folder_that_was_named_must_be_there(tmp_path):
    assert "no runs" in run(cwd=tmp_path).stderr
    assert listed(cwd=tmp_path)["runs"] == []
    assert "no such folder" in run("--logs", "elsewhere", cwd=tmp_path, code=2).stderr


def test_what_is_logged_is_read_back(tmp_path):
    done = log(tmp_path, pillar="=p", model="-m\n,\"'", metric="rmse", scores=Scores(cv=0.1 + 0.2, public=1e-7))
    mine = one(tmp_path, done.run_id)
    assert (mine.value("pillar"), mine.value("model")) == ("=p", "-m\n,\"'")
    assert (mine.value("processed_cv"), mine.value("public_score")) == (0.1 + 0.2, 1e-7)
    assert mine.value("gap") == 0.1 + 0.2 - 1e-7
    assert mine.value("logged_at") == "2026-11-23T12:00:00Z"


# Listing


@pytest.mark.parametrize("columns", [80, 100, 200])
def test_the_table_fits_the_terminal_and_marks_the_best(wild, columns):
    log(wild, label="l" * 64, pillar="p" * 50, model="\uff4d" * 50, scores=Scores(cv=0.999, public=0.5, private=-0.25))
    bring(wild, "new_client.csv")
    lines = run("--sort", "public", cwd=wild, COLUMNS=str(columns)).stdout.splitlines()
    assert lines[0].split() == ["id", "when", "label", "weights", "cv", "public", "private", "gap"]
    assert all(len(line) + line.count("\uff4d") <= min(columns, 100) for line in lines)
    assert lines[1].split()[0] == FIRST
    marked = [word for line in lines for word in line.split() if word.endswith("*")]
    digits = 4 if columns < 100 else 5
    # the best of each metric (r2 and an unnamed one), where there are two scores to compare
    assert sorted(marked) == [f"{score:.{digits}f}*" for score in (0.72431, 0.7901, 0.999)]
    assert "60/20/10/10" in lines[1]


def test_sorting_puts_the_best_first_and_lower_is_better_for_errors(tmp_path):
    for n, cv in enumerate((0.3, 0.1, None, 0.2)):
        scores = Scores(cv=cv) if cv is not None else Scores(public=0.5)
        log(tmp_path, model=f"m{n}", when=NOW + timedelta(days=n), scores=scores)
        log(tmp_path, model=f"e{n}", when=NOW + timedelta(days=n), scores=scores, metric="RMSE")
    runs = history(tmp_path).runs
    r2, rmse = ([r for r in runs if r.value("metric") == metric] for metric in (None, "RMSE"))
    assert [r.value("processed_cv") for r in ordered(r2, "cv")] == [0.3, 0.2, 0.1, None]
    assert [r.value("processed_cv") for r in ordered(rmse, "cv")] == [0.1, 0.2, 0.3, None]
    assert [r.value("model") for r in ordered(r2, "when")] == ["m3", "m2", "m1", "m0"]
    assert best(runs, "processed_cv") == {r2[0].key, rmse[1].key}


def test_label_limit_and_columns_choose(wild):
    told = run("--label", "siglip", "--limit", "2", "--columns", "id,model,cv", "--format", "csv", cwd=wild).stdout
    head, *rows = csv.reader(told.splitlines())
    assert head == ["id", "model", "cv"]
    assert [row[1:] for row in rows] == [["cat_seed0", "0.787076"], ["cat_seed1", "0.785412"]]
    markdown = run("--label", "blend", "--columns", "id,weights", "--format", "md", cwd=wild).stdout.splitlines()
    assert markdown == [
        "| id | weights |",
        "| --- | --- |",
        f"| {SECOND} | 60/20/10/10 |",
        f"| {FIRST} | 60/20/10/10 |",
    ]
    assert "did you mean 'label'" in run("--columns", "lable", cwd=wild, code=2).stderr
    assert "--limit" in run("--limit", "0", cwd=wild, code=2).stderr
    assert "--sort" in run("--sort", "worst", cwd=wild, code=2).stderr


# Scores that come later


def test_an_import_appends_what_matches_and_lists_what_does_not(wild):
    before = bytes_of(wild)
    done = bring(wild, "new_client.csv")
    assert [(s.run_id, s.public, s.private, s.ref) for s in done.scores] == [
        (FIRST, 0.70001, 0.60001, "40000002"),
        (FIRST, 0.72431, 0.61002, "40000003"),
        (SECOND, 0.71, None, "40000004"),
    ]
    assert [line.split()[1] for line in done.unmatched] == ["39999998", "39999999", "40000000"]
    assert [line.split()[1] for line in done.without_score] == ["40000001"]
    after = bytes_of(wild)
    own = "scores_2026-01-05_blend.csv"
    assert {name for name in after if after[name] != before.get(name)} == {own}
    assert after[own].startswith(before[own])
    with (wild / "run_logs" / own).open(encoding="utf-8", newline="") as file:
        added = list(csv.DictReader(file))[2:]
    assert [(r["pillar"], r["model"], r["processed_cv"]) for r in added] == [
        ("blend", "siglip=0.6 dino=0.2 mvp=0.1 dinov2=0.1", "")
    ] * 3
    mine = one(wild, FIRST)
    assert (mine.scores["public_score"], mine.scores["private_score"]) == (0.72431, 0.61002)
    assert mine.scores["gap"] == 0.7885 - 0.72431


@pytest.mark.parametrize("name", ["new_client.csv", "new_client.json", "old_client.csv"])
def test_importing_twice_changes_nothing(wild, name):
    assert bring(wild, name).scores
    before = bytes_of(wild)
    again = bring(wild, name)
    assert not again.scores
    assert again.already
    assert bytes_of(wild) == before


def test_the_same_facts_from_another_client_are_known(wild):
    bring(wild, "old_client.csv")
    before = bytes_of(wild)
    assert not bring(wild, "new_client.json").scores
    assert bytes_of(wild) == before


def test_the_newest_by_kaggle_s_own_date_wins_then_the_one_imported_last(wild):
    old, new = f"2026-01-06 08:00:00,{FIRST},0.70,0.60", f"2026-01-07 08:00:00,{FIRST},0.72,"
    export(wild, new)
    export(wild, old)
    assert (one(wild, FIRST).scores["public_score"], one(wild, FIRST).scores["private_score"]) == (0.72, 0.60)
    export(wild, f"2026-01-07 08:00:00,{FIRST},0.73,")  # Kaggle scored the same submission again
    assert one(wild, FIRST).scores["public_score"] == 0.73
    export(wild, old, new)
    assert one(wild, FIRST).scores["public_score"] == 0.73


def test_a_score_by_hand_counts_until_kaggle_tells_of_a_newer_one(wild):
    def by_hand(public):
        return score_run(FIRST[:12], public=public, private=None, logs=wild / "run_logs", now=NOW, spill=wild)

    export(wild, f"2026-01-06 08:00:00,{FIRST},0.70,0.60")
    assert by_hand(0.75).scores
    assert one(wild, FIRST).scores["public_score"] == 0.75
    before = bytes_of(wild)
    assert not by_hand(0.75).scores
    export(wild, f"2026-01-06 08:00:00,{FIRST},0.70,0.60")
    assert bytes_of(wild) == before
    export(wild, f"2026-01-07 08:00:00,{FIRST},0.71,")
    assert (one(wild, FIRST).scores["public_score"], one(wild, FIRST).scores["private_score"]) == (0.71, 0.60)


def test_what_kaggle_says_counts_more_than_what_was_logged_before(tmp_path):
    run_id = log(tmp_path, scores=Scores(public=0.5)).run_id
    export(tmp_path, f"2026-01-06 08:00:00,{run_id},0.70,")
    assert one(tmp_path, run_id).scores["public_score"] == 0.70


def test_an_old_run_s_score_goes_to_a_log_that_can_take_it(wild):
    old = next(r for r in history(wild).runs if r.value("model") == "fold0").base.run_id
    before = bytes_of(wild)
    score_run(old, public=0.5, private=None, logs=wild / "run_logs", now=NOW, spill=wild)
    assert {name: data for name, data in bytes_of(wild).items() if name in before} == before
    assert "scores_2026-11-23_dino.csv" in bytes_of(wild)
    (mine,) = history(wild).find(old)
    assert (mine.scores["processed_cv"], mine.scores["public_score"]) == (0.701, 0.5)
    assert mine.base.file.name == "scores_2025-12-30_dino.csv"


def test_a_run_of_many_rows_gets_its_score_on_the_submission_s(tmp_path):
    table = tmp_path / "table.csv"
    table.write_text("pillar,model,processed_cv\nsiglip,a,0.7\n", encoding="utf-8")
    run_id = log(tmp_path, submission=blended(tmp_path), table=table).run_id
    export(tmp_path, f"2026-01-06 08:00:00,{run_id},0.70,")
    scores = {r.value("pillar"): r.scores["public_score"] for r in history(tmp_path).find(run_id)}
    assert scores == {"blend": 0.70, "siglip": None}


def test_what_is_no_listing_is_refused_and_an_empty_one_is_fine(wild):
    assert "No submissions" not in run("import-scores", "-", cwd=wild, feed="No submissions found\n").stdout
    assert "nothing was imported" in run("import-scores", "-", cwd=wild, feed="").stderr
    assert "no list of submissions" in run("import-scores", "-", cwd=wild, feed="fileName  date\n", code=2).stderr
    assert "no such file" in run("import-scores", "none.csv", cwd=wild, code=2).stderr
    with pytest.raises(InputError, match="UTF-8"):
        read_listing(b"\xff\xfe\x00", "x")
    assert read_listing(b"[]", "x").rows == ()


def test_oddities_of_listings_are_read_or_named():
    text = (
        "ref,date,description,status,publicScore,privateScore,extra\r\n"
        '1,2026-01-06T08:00:00.1234567Z,"two\r\nlines, pbl:a-b",SubmissionStatus.COMPLETE,0.5,None,\r\n'
        "2,yesterday,x,SubmissionStatus.COMPLETE,1_0,,\r\n"
        "3,short\r\n"
        "4,2026-01-06 08:00:00,y,SubmissionStatus.ERROR,0.9,0.9,\r\n"
        "\r\nNext Page Token = abc\r\n"
    )
    listing = read_listing(text.encode(), "x")
    assert [(r.ref, r.description, r.public, r.private) for r in listing.rows] == [
        ("1", "two\r\nlines, pbl:a-b", 0.5, None), ("2", "x", None, None), ("4", "y", None, None)
    ]  # fmt: skip
    assert [line.partition(": ")[2] for line in listing.unread] == [
        "line 5 has 2 cells, expected 7",
        "line 4: date is 'yesterday', no moment in time",
        "line 4: publicscore is '1_0', not a finite decimal number",
    ]


def test_the_command_puts_data_on_stdout_and_talk_on_stderr(wild):
    done = run("import-scores", str(CASES / "listings" / "new_client.csv"), cwd=wild)
    assert (
        done.stdout.splitlines()[0]
        == f"{FIRST}  public 0.70001  private 0.60001  -> run_logs/scores_2026-01-05_blend.csv"
    )
    assert done.stderr.count("no match") == 3
    told = json.loads(run("score", FIRST, "--public", "0.8", "--format", "json", cwd=wild).stdout)
    assert told["imported"][0]["public_score"] == 0.8
    assert "--public" in run("score", FIRST, cwd=wild, code=2).stderr


# One run, and two


def test_a_prefix_finds_a_run_if_it_is_unique(wild):
    assert one(wild, "20260105-a").base.run_id == FIRST
    assert one(wild, f"pbl:{FIRST}").base.run_id == FIRST
    with pytest.raises(UsageError, match=f"2 runs: {SECOND}, {FIRST}"):
        history(wild).find("20260105")
    for text in ("nope", ""):
        with pytest.raises(UsageError, match="no run"):
            history(wild).find(text)
    assert "could be any of 2 runs" in run("show", "20260105", cwd=wild, code=2).stderr


def test_show_tells_whether_the_files_are_there_and_unchanged(tmp_path):
    run_id = log(tmp_path, submission=blended(tmp_path), scores=Scores(cv=0.5)).run_id

    def status():
        told = json.loads(run("show", run_id, "--format", "json", cwd=tmp_path).stdout)
        return {file["what"]: file["status"] for file in told["files"]}

    assert status() == {"submission": "unchanged", "siglip": "unchanged", "dino": "unchanged"}
    (tmp_path / "a.csv").write_text("sample_id,target\na,9\nb,2\n", encoding="utf-8")
    (tmp_path / "b.csv").unlink()
    assert status() == {"submission": "unchanged", "siglip": "changed", "dino": "missing"}
    assert "changed            siglip: a.csv" in run("show", run_id, cwd=tmp_path).stdout
    (tmp_path / "submission.recipe.json").unlink()
    (tmp_path / "submission.csv").unlink()
    os.mkfifo(tmp_path / "submission.csv")
    assert status() == {"submission": "missing", "siglip": "unknown", "dino": "unknown"}


def test_diff_shows_what_differs_and_nothing_else(tmp_path):
    first = log(tmp_path, submission=blended(tmp_path), scores=Scores(cv=0.5)).run_id
    second = log(tmp_path, submission=blended(tmp_path, "mvp"), scores=Scores(cv=0.5), notes="n").run_id
    found = differences(*(history(tmp_path).find(each) for each in (first, second)))
    sha = one(tmp_path, first).value("inputs")["siglip"]
    assert [field for field, *_ in found] == [
        "model", "weights.siglip", "weights.mvp", "inputs.siglip", "inputs.mvp", "notes"
    ]  # fmt: skip
    assert ("inputs.mvp", None, sha) in found
    told = run("diff", first, second, cwd=tmp_path)
    assert told.stdout.splitlines()[0].split() == [first, second]
    assert "rows" not in told.stdout
    assert "differ in nothing" in run("diff", first, first, cwd=tmp_path).stderr


# What is worth a second look


def test_the_same_submission_under_two_labels_is_noticed(tmp_path):
    submission = blended(tmp_path)
    log(tmp_path, "one", submission=submission)
    log(tmp_path, "one", submission=submission)
    assert codes(tmp_path) == []
    log(tmp_path, "two", submission=submission)
    assert codes(tmp_path) == ["RUN101"]


def test_the_same_scores_under_two_labels_are_noticed_and_under_one_are_not(tmp_path):
    log(tmp_path, "one", scores=Scores(cv=0.5))
    log(tmp_path, "one", scores=Scores(cv=0.5))
    log(tmp_path, "two", scores=Scores(cv=0.6))
    log(tmp_path, "two", scores=Scores(cv=0.5), model="other")
    assert codes(tmp_path) == []
    log(tmp_path, "two", scores=Scores(cv=0.5))
    assert codes(tmp_path) == ["RUN102"]


def test_inputs_that_changed_since_are_noticed(tmp_path):
    log(tmp_path, submission=blended(tmp_path))
    assert codes(tmp_path, look=True) == []
    (tmp_path / "a.csv").write_text("sample_id,target\na,9\nb,2\n", encoding="utf-8")
    (notice,) = history(tmp_path, look=True).warnings
    assert notice.code == "RUN103"
    assert "a.csv has changed: it is not the siglip that run" in notice.message
    assert "RUN103" in run(cwd=tmp_path).stderr


def ranked(folder, *pairs, **rest):
    for n, (cv, public) in enumerate(pairs):
        log(folder, model=f"m{n}", scores=Scores(cv=cv, public=public), **rest)
    return [notice.message for notice in history(folder).warnings if notice.code == "RUN104"]


def test_cv_and_leaderboard_that_agree_are_not_noticed(tmp_path):
    assert ranked(tmp_path, (0.1, 1), (0.2, 2), (0.2, 3), (0.3, 3), (0.4, 4), (0.5, 5)) == []


def test_cv_and_leaderboard_that_disagree_are_noticed_with_rho_from_five_runs_on(tmp_path):
    (told,) = ranked(tmp_path, (0.1, 2), (0.2, 1))
    assert "rho" not in told
    (told,) = ranked(tmp_path, (0.3, 3), (0.3, 4), (0.5, 0))
    # ranks of cv: 1 2 3.5 3.5 5, of public: 3 2 4 5 1
    assert "5 runs" in told
    assert "rho is -0.154" in told


def test_metrics_are_not_compared_with_each_other(tmp_path):
    ranked(tmp_path, (0.1, 1), (0.2, 2), metric="r2")
    assert ranked(tmp_path, (9.0, 0.5), (9.1, 0.6), metric="rmse") == []


# Many at once


def test_imports_logs_and_lists_at_once_lose_and_tear_nothing(wild):
    listing = str(CASES / "listings" / "new_client.csv")
    words = [
        *[["runs", "import-scores", listing]] * 3,
        *[["runs", "--format", "json"]] * 3,
        *[["runs", "score", SECOND, "--private", f"0.{n}"] for n in range(1, 4)],
        *[["log-run", "--label", "blend", "--pillar", "p", "--model", f"m{n}", "--cv", "0.5"] for n in range(3)],
    ]
    running = [
        subprocess.Popen([*PBL, *each], cwd=wild, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)
        for each in words
    ]
    for each, process in zip(words, running, strict=True):
        out, err = process.communicate(timeout=60)
        assert process.returncode == 0, err
        assert "not read" not in err
        if each[1] == "--format":
            assert len(json.loads(out)["runs"]) >= 17
    logs = read_logs(wild / "run_logs")
    facts = Counter((f.cells.get("method"), f.cells.get("kaggle_ref")) for f in logs.facts if f.later)
    assert facts == {
        ("by-hand", None): 3,
        ("kaggle", "40000002"): 1,
        ("kaggle", "40000003"): 1,
        ("kaggle", "40000004"): 1,
    }
    assert sum(f.cells.get("pillar") == "p" for f in logs.facts) == 3
    assert [trouble.code for trouble in logs.troubles] == ["RUN205"]  # the one that was there before


def test_listing_runs_loads_no_polars(wild):
    look = """if True:
        import sys
        from pathlib import Path
        from pbl.ledger.history import read_history
        read_history(Path("run_logs"), spill=Path())
        print(*{"pandera", "polars"} & {*sys.modules})
    """
    done = subprocess.run([sys.executable, "-c", look], cwd=wild, env=ENV, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


def test_ten_thousand_runs_of_two_hundred_logs_are_all_listed(tmp_path):
    (tmp_path / "run_logs").mkdir()
    for n in range(200):
        day = datetime(2026, 1, 1, tzinfo=UTC) + timedelta(days=n)
        path = tmp_path / "run_logs" / f"scores_{day:%Y-%m-%d}_l{n}.csv"
        with path.open("w", encoding="utf-8", newline="") as file:
            rows = csv.DictWriter(file, COLUMNS, restval="")
            rows.writeheader()
            for k in range(50):
                rows.writerow(
                    {"pillar": "p", "model": f"{n}-{k}", "processed_cv": k / n if n else 0, "run_id": f"r-{n}-{k}"}
                )
    told = listed("--sort", "cv", cwd=tmp_path)
    assert len({each["run_id"] for each in told["runs"]}) == 10_000
    scores = [each["processed_cv"] for each in told["runs"]]
    assert scores == sorted(scores, reverse=True)
