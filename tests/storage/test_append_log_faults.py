"""A log keeps its rows whichever system call fails or is the last, and whoever else appends."""

from __future__ import annotations

import os
import random
import signal
import subprocess
import sys
import time

import pytest
from support.publishing import (
    APPEND,
    ENV,
    FAULTS,
    HEAD,
    HEADER,
    PREAMBLE,
    REASONS,
    append,
    content,
    count_calls,
    inject,
    list_calls,
    needs_strace,
    put,
    records,
    renew,
)

from pbl.storage.append_log import append_rows

LOGS = {
    "no log": None,
    "a log": HEAD + b"a,b,c\n",
    "a torn log": HEAD + b"a,b,c\nd,e",
    "a log without its last line end": HEAD + b"a,b,c",
}
APPENDER = """
for n in range(int(sys.argv[3])):
    append_rows(folder / "log.csv", header=("id", "notes"), rows=[(f"{sys.argv[2]}-{n}", "two\\nlines " * (n % 40))])
    os.write(1, f"{sys.argv[2]}-{n}\\n".encode())
"""


def start_appender(folder, name, times):
    command = [sys.executable, "-S", "-c", PREAMBLE + APPENDER, str(folder), name, str(times)]
    return subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


@needs_strace
def test_a_row_is_one_write_and_durable_and_torn_bytes_are_durable_before_they_leave_the_log(tmp_path):
    folder = renew(tmp_path / "f", {})
    assert list_calls(APPEND, folder) == ["write log.csv", "fsync log.csv", "fsync FOLDER"]
    assert list_calls(APPEND, folder) == ["write log.csv", "fsync log.csv", "fsync FOLDER"]
    renew(folder, {"log.csv": HEAD + b"a,b"})
    assert list_calls(APPEND, folder) == [
        "write .log.csv.torn-1.tmp",
        "fsync .log.csv.torn-1.tmp",
        "fsync .log.csv.torn-1.tmp",
        "link .log.csv.torn-1.tmp log.csv.torn-1",
        "unlink .log.csv.torn-1.tmp",
        "fsync FOLDER",
        "ftruncate log.csv",
        "write log.csv",
        "fsync log.csv",
        "fsync FOLDER",
    ]


@needs_strace
@pytest.mark.parametrize("start", LOGS)
def test_a_fault_in_any_call_leaves_the_log_as_it_was(tmp_path, start):
    before = {} if LOGS[start] is None else {"log.csv": LOGS[start]}
    folder = renew(tmp_path / "f", before)
    numbers = {kind: count_calls(APPEND, renew(folder, before), kind) for kind in ("write", "fsync", "link")}
    assert numbers["write"] == (2 if start == "a torn log" else 1)
    for kind, number in numbers.items():
        for when in range(1, number + 1):
            for lasting, error in FAULTS if start == "a log" else FAULTS[:2]:
                renew(folder, before)
                done = inject(APPEND, folder, f"{kind}:error={error}:when={when}{lasting}")
                assert (done.returncode, REASONS[error] in done.stderr) == (2, True), (kind, when, lasting, done.stderr)
                assert "log.csv: not logged" in done.stderr
                after = content(folder)
                aside = after.pop("log.csv.torn-1", b"")
                assert {name: data + aside for name, data in after.items()} == before, (kind, when, lasting)


@needs_strace
@pytest.mark.parametrize("start", LOGS)
def test_killed_at_any_call_the_log_keeps_every_byte_and_takes_the_next_row(tmp_path, start):
    before = {} if LOGS[start] is None else {"log.csv": LOGS[start]}
    folder = renew(tmp_path / "f", before)
    for kind in ("write", "fsync", "link", "ftruncate", "unlink"):
        for when in range(1, count_calls(APPEND, renew(folder, before), kind) + 1):
            renew(folder, before)
            assert inject(APPEND, folder, f"{kind}:signal=KILL:when={when}").returncode == -signal.SIGKILL
            append(folder, ("next", "", ""))
            after = content(folder)
            rows = records(after["log.csv"])
            assert (rows[0], rows[-1], {len(row) for row in rows}) == (list(HEADER), ["next", "", ""], {3})
            assert rows.count(list(HEADER)) == 1
            if start != "no log":
                assert ["a", "b", "c"] in rows
            if start == "a torn log":
                assert b"d,e" in {data for name, data in after.items() if ".torn-" in name}


@needs_strace
def test_when_even_the_way_back_fails_the_log_says_so(tmp_path):
    put(tmp_path, {"log.csv": HEAD})
    done = inject(APPEND, tmp_path, "fsync:error=EIO:when=1+", "ftruncate:error=EIO")
    assert (done.returncode, "log.csv: perhaps logged" in done.stderr) == (2, True)
    assert content(tmp_path) == {"log.csv": HEAD + b"p,m,n\n"}


def test_of_many_appenders_none_loses_a_row_and_one_writes_the_header(tmp_path):
    running = [start_appender(tmp_path, str(n), 25) for n in range(16)]
    said = [each.communicate() for each in running]
    assert [error for _, error in said] == [b""] * 16
    rows = records((tmp_path / "log.csv").read_bytes())
    assert rows[0] == ["id", "notes"]
    assert sorted(row[0] for row in rows[1:]) == sorted(f"{p}-{n}" for p in range(16) for n in range(25))
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_row_that_was_reported_is_there_however_the_appenders_are_killed(tmp_path):
    chance = random.Random(os.environ.get("PBL_SEED", "20"))  # noqa: S311
    reported: set[str] = set()
    for turn in range(4):
        running = [start_appender(tmp_path, f"{turn}.{n}", 10_000) for n in range(4)]
        for each in running:
            reported.add(each.stdout.readline().decode().strip())
        for each in running:
            time.sleep(chance.uniform(0, 0.05))
            each.kill()
        reported.update(name for each in running for name in each.communicate()[0].decode().split("\n")[:-1])
    append_rows(tmp_path / "log.csv", header=("id", "notes"), rows=[("last", "")])
    rows = records((tmp_path / "log.csv").read_bytes())
    names = [row[0] for row in rows]
    assert reported <= set(names)
    assert len(set(names)) == len(names)
    assert (names[0], names[-1], {len(row) for row in rows}) == ("id", "last", {2})
