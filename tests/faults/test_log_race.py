"""Many processes log at once, and some die: each row is whole, none is lost, and there is one header."""

from __future__ import annotations

import csv
import random
import signal
import subprocess
import sys
import time
from datetime import UTC, datetime

import pytest
from support.effort import THOROUGH

RUNS = """
import sys, pbl
from datetime import datetime
for turn in range(int(sys.argv[2])):
    logged = pbl.log_run(
        label="race", pillar="p", model=f"{sys.argv[1]}-{turn}", cv=0.5, notes='a "note",\\nof two lines',
        logs=sys.argv[3], now=datetime.fromisoformat(sys.argv[4]),
    )
    print(logged.run_id, flush=True)
"""
NOW = datetime(2026, 3, 1, 12, tzinfo=UTC)
PROCESSES, TURNS = (32, 50) if THOROUGH else (16, 20)


def racers(folder, processes, turns):
    command = [sys.executable, "-c", RUNS]
    told = [str(turns), str(folder / "run_logs"), NOW.isoformat()]
    return [
        subprocess.Popen([*command, str(n), *told], cwd=folder, stdout=subprocess.PIPE, text=True)
        for n in range(processes)
    ]


def rows_of(folder):
    (log,) = (folder / "run_logs").glob("scores_*.csv")
    with log.open(newline="") as file:
        return list(csv.reader(file))


def test_many_processes_of_many_runs_lose_none(tmp_path):
    racing = racers(tmp_path, PROCESSES, TURNS)
    reported = [line for one in racing for line in one.communicate(timeout=120)[0].split()]
    header, *rows = rows_of(tmp_path)
    assert [one.returncode for one in racing] == [0] * PROCESSES
    assert header.count("run_id") == 1
    assert header not in rows
    assert {len(row) for row in rows} == {len(header)}
    assert sorted(row[header.index("run_id")] for row in rows) == sorted(reported)
    assert {row[1] for row in rows} == {f"{n}-{turn}" for n in range(PROCESSES) for turn in range(TURNS)}
    assert len(reported) == PROCESSES * TURNS


@pytest.mark.parametrize("seed", range(3))
def test_what_was_reported_is_there_whoever_is_killed(tmp_path, seed):
    chance = random.Random(seed)  # noqa: S311 - to be made again, not to be secret
    racing = racers(tmp_path, 8, 50)
    time.sleep(0.3 + chance.random() / 2)
    for one in chance.sample(racing, 5):
        time.sleep(chance.random() / 20)
        one.send_signal(signal.SIGKILL)
    reported = {line for one in racing for line in one.communicate(timeout=60)[0].split()}
    header, *rows = rows_of(tmp_path)
    assert {len(row) for row in rows} <= {len(header)}
    ids = [row[header.index("run_id")] for row in rows]
    assert reported <= set(ids)
    assert len(ids) == len(set(ids))
