import csv
import json
import os
import subprocess
from collections import Counter

import pytest
from support.ledger import CASES, ENV, PBL, SECOND, history, listed, log, one, put, read, runs

from pbl.ledger.log_run import Scores


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
    before = {run.run_id for run in history(wild).runs}
    path = wild / "run_logs" / "scores_2025-12-30_dino.csv"
    head, *rest = path.read_bytes().splitlines(keepends=True)
    path.write_bytes(b"".join([head, b"DINO,new,0.5\n", *rest, b"DINO,fold0,0.701\n"]).replace(b"\n", b"\r\n"))
    after = [run.run_id for run in history(wild).runs]
    assert before < set(after)
    assert len(set(after)) == len(after) == len(before) + 2


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
    told = runs("--logs", str(CASES / "damaged"), "--columns", "label,model", "--format", "csv", cwd=CASES)
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
            logs = read(tmp_path)
            assert [fact.row.model for fact in logs.facts] == [f'm{n}, "q"' for n in range(50)]
            assert f"row {place + 2} " in logs.troubles[0].message


def test_a_row_that_swallows_others_gives_them_back(tmp_path):
    (tmp_path / "run_logs").mkdir()
    path = tmp_path / "run_logs" / "scores_2026-01-01_x.csv"
    path.write_text('pillar,model,processed_cv\na,"open,0.5\nb,good,0.6\nc,x",0.7,8\n', encoding="utf-8")
    logs = read(tmp_path)
    assert [fact.row.model for fact in logs.facts] == ["good"]
    assert "2 rows not read: row 2 has 4 cells, expected 3; row 4 has 4 cells" in logs.troubles[0].message


def test_folders_pipes_and_dangling_links_are_named_and_nothing_hangs(wild):
    os.mkfifo(wild / "run_logs" / "scores_2026-03-01_pipe.csv")
    (wild / "run_logs" / "scores_2026-03-02_folder.csv").mkdir()
    (wild / "run_logs" / "scores_2026-03-03_link.csv").symlink_to("nowhere")
    told = runs("--limit", "1", cwd=wild)
    assert [name for name in ("_pipe.csv", "_folder.csv", "_link.csv") if name in told.stderr] == [
        "_pipe.csv", "_folder.csv", "_link.csv"
    ]  # fmt: skip


def test_no_logs_are_no_runs_but_a_folder_that_was_named_must_be_there(tmp_path):
    assert "no runs" in runs(cwd=tmp_path).stderr
    assert listed(cwd=tmp_path)["runs"] == []
    assert "no such folder" in runs("--logs", "elsewhere", cwd=tmp_path, code=2).stderr


def test_what_is_logged_is_read_back(tmp_path):
    done = log(tmp_path, pillar="=p", model="-m\n,\"'", metric="rmse", scores=Scores(cv=0.1 + 0.2, public=1e-7))
    mine = one(tmp_path, done.run_id)
    assert (mine.value("pillar"), mine.value("model")) == ("=p", "-m\n,\"'")
    assert (mine.value("processed_cv"), mine.value("public_score")) == (0.1 + 0.2, 1e-7)
    assert mine.value("gap") == 0.1 + 0.2 - 1e-7
    assert mine.value("logged_at") == "2026-11-23T12:00:00Z"


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
    logs = read(wild)
    facts = Counter((f.row.method, f.row.kaggle_ref) for f in logs.facts if f.row.is_later_score)
    assert facts == {
        ("by-hand", ""): 3,
        ("kaggle", "40000002"): 1,
        ("kaggle", "40000003"): 1,
        ("kaggle", "40000004"): 1,
    }
    assert sum(f.row.pillar == "p" for f in logs.facts) == 3
    assert [trouble.code for trouble in logs.troubles] == ["RUN205"]  # the one that was there before


@pytest.mark.parametrize(
    ("data", "told"),
    [
        (b"pillar;model;processed_cv\na;b;0.5\n", "separated by ';', not by a comma"),
        (b"pillar\tmodel\tprocessed_cv\na\tb\t0.5\n", "separated by tabs, not by a comma"),
        (b"sep=,\npillar,model,processed_cv\na,b,0.5\n", "'sep=,', which only Excel knows"),
        ("pillar,model,processed_cv\na,b,0.5\n".encode("utf-16"), "UTF-16 text; save it as UTF-8"),
    ],
)
def test_what_a_spreadsheet_or_a_shell_made_of_a_log_is_called_what_it_is(tmp_path, data, told):
    (tmp_path / "run_logs").mkdir()
    (tmp_path / "run_logs" / "scores_2026-01-01_x.csv").write_bytes(data)
    (trouble,) = read(tmp_path).troubles
    assert "not read: " in trouble.message
    assert told in trouble.message


def test_a_cell_that_no_column_of_its_kind_can_hold_is_named(tmp_path):
    log(tmp_path, scores=Scores(cv=0.5))
    (path,) = (tmp_path / "run_logs").iterdir()
    text = path.read_text(encoding="utf-8")
    row = text.splitlines()[1].split(",")
    row[text.splitlines()[0].split(",").index("rows")] = "1e3"
    row[text.splitlines()[0].split(",").index("weights")] = "siglip=1"
    path.write_text("\n".join([text.splitlines()[0], ",".join(row), ""]), encoding="utf-8")
    (trouble,) = read(tmp_path).troubles
    assert "row 2: weights is 'siglip=1', not a JSON object of finite numbers" in trouble.message
    assert "row 2: rows is '1e3', not a whole number" in trouble.message
    assert one(tmp_path, "last").value("processed_cv") == 0.5


def test_each_log_is_read_once_even_where_scores_are_imported(wild, monkeypatch):
    opened = Counter()

    def counted(path):
        opened[path.name] += 1
        return path.read_bytes()

    monkeypatch.setattr("pbl.ledger._log_files.read_bytes", counted)
    assert put(wild, f"ref,description,publicScore\n7,pbl:{SECOND},0.9\n").scores
    assert set(opened.values()) == {1}
