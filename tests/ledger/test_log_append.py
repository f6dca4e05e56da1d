import multiprocessing
import subprocess
from collections import Counter
from datetime import UTC, datetime
from functools import partial

import pytest
from support.ledger import ENV, PBL, blended, history, log_as_told, rows_of, run

from pbl.domain.errors import LogError
from pbl.ledger.log_run import Scores

NOW = datetime(2026, 1, 5, 23, 59, 59, 987654, tzinfo=UTC)
LOG = "scores_2026-01-05_base.csv"
log = partial(log_as_told, when=NOW)


def test_a_log_with_other_columns_is_left_alone_and_another_label_is_the_way_out(tmp_path):
    old = tmp_path / "run_logs" / LOG
    old.parent.mkdir()
    old.write_bytes(b"pillar,model,processed_cv\r\nSigLIP-Advanced,cat_seed0,0.787076\r\n")
    before = old.read_bytes()
    with pytest.raises(LogError, match="another --label"):
        log(tmp_path, submission=blended(tmp_path))
    assert old.read_bytes() == before
    log(tmp_path, submission=tmp_path / "submission.csv", label="base2")


def test_a_torn_tail_is_set_aside_and_said(tmp_path):
    submission = blended(tmp_path)
    now = datetime.now(UTC)
    done = log(tmp_path, submission=submission, when=now)
    with done.appended.path.open("ab") as file:
        file.write(b"blend,half")
    told = run("log-run", "--label", "base", cwd=tmp_path)
    if done.appended.path.name in told.stdout:  # else midnight passed in between
        assert ".torn-1" in told.stderr
        assert len(rows_of(done.appended.path)) == 2


def test_formulas_are_defused_in_text_and_never_in_hashes_numbers_or_ids(tmp_path):
    evil = '=HYPERLINK("http://x")'
    log(tmp_path, submission=blended(tmp_path), notes=evil, metric="+m", scores=Scores(cv=-0.5))
    log(tmp_path, pillar="@p", model="-m\nsecond,line", scores=Scores(cv=-1e-7))
    first, second = rows_of(tmp_path / "run_logs" / LOG)
    assert first["notes"] == f"'{evil}"
    assert first["metric"] == "'+m"
    assert first["processed_cv"] == "-0.5"
    assert (second["pillar"], second["model"], second["processed_cv"]) == ("'@p", "'-m\nsecond,line", "-1e-07")


def test_nothing_but_the_log_is_written(tmp_path):
    submission = blended(tmp_path)
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    log(tmp_path, submission=submission)
    assert {path: path.read_bytes() for path in tmp_path.iterdir() if path.is_file()} == before
    assert [path.name for path in (tmp_path / "run_logs").iterdir()] == [LOG]


def many(folder, who):
    for n in range(25):
        log(folder, pillar=f"p{who}", model=f"m{n}", scores=Scores(cv=n / 100), notes='two\nlines, a "quote"')


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


def test_a_cell_longer_than_csv_takes_by_itself_is_read_back(tmp_path):
    notes = "n" * 200_000
    log(tmp_path, submission=blended(tmp_path), notes=notes)
    log(tmp_path, submission=blended(tmp_path), notes="short")
    found = history(tmp_path)
    assert [fact.row.notes for fact in found.facts] == [notes, "short"]
    assert not found.troubles
