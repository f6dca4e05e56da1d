"""Interrupts and closed pipes, on whole processes: one message at most, nothing half done."""

import contextlib
import json
import os
import random
import signal
import subprocess
import time
from pathlib import Path

import pytest
from support.processes import ENV, PATIENCE, PBL, TIMES, content, run, small, start

# One worker makes the two files for all who ask.
of_a_million = pytest.mark.xdist_group("a million rows")


@pytest.fixture(scope="module")
def million(tmp_path_factory):
    """Give two files of a million rows in different order, and an old submission of them with its recipe."""
    folder = tmp_path_factory.mktemp("million")
    lines = [f"id{n},{n % 977}.{n % 89}\n" for n in range(1_000_000)]
    (folder / "a.csv").write_text("sample_id,target\n" + "".join(lines))
    (folder / "b.csv").write_text("sample_id,target\n" + "".join(reversed(lines)))
    began = time.monotonic()
    assert run(folder, "blend", "a.csv", "b.csv", "--weights", "1", "3", "--output", "s.csv").returncode == 0
    return folder, time.monotonic() - began


def watching(process):
    """Wait until the process looks out for signals: they are blocked in its main thread. Say whether it ever did."""
    for _ in range(1000):
        with contextlib.suppress(OSError):
            status = Path(f"/proc/{process.pid}/status").read_text()
            mask = next(int(line.split()[1], 16) for line in status.splitlines() if line.startswith("SigBlk"))
            if mask >> (signal.SIGINT - 1) & 1:
                return True
        time.sleep(0.005)
    return False


@of_a_million
@pytest.mark.parametrize("word", ["blend", "validate"])
def test_an_interrupt_at_any_moment_ends_it_at_once_and_leaves_nothing_half_done(word, million):
    folder, whole = million
    chance = random.Random(f"{word}{os.environ.get('PBL_SEED', '')}")  # noqa: S311 - the same moments each time
    more = ("--output", "s.csv") if word == "blend" else ()
    for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)] * TIMES:
        before = content(folder)
        process = start(folder, word, "a.csv", "b.csv", *more)
        watching(process)
        time.sleep(chance.uniform(0, whole))
        sent = time.monotonic()
        process.send_signal(number)
        out, err = process.communicate(timeout=30)
        took = time.monotonic() - sent
        after = content(folder)
        if process.returncode == code:
            assert took < PATIENCE
            assert err.count(b"interrupted") == (number == signal.SIGINT)
        else:
            assert process.returncode == 0, err
        assert b"Traceback" not in err
        assert word == "blend" or bool(out) == (process.returncode == 0)
        assert set(after) == set(before), "a temporary is left"
        recipe = json.loads((folder / "s.recipe.json").read_bytes())
        assert recipe["output"]["sha256"] == after["s.csv"]
        assert after["a.csv"] == before["a.csv"]


def test_an_interrupt_is_heard_although_nobody_reads_what_is_said(tmp_path):
    small(tmp_path, rows=30_000, names="a")
    (tmp_path / "a.csv").write_text((tmp_path / "a.csv").read_text().replace(".97", ".x"))
    with start(tmp_path, "validate", "a.csv", "--max-examples", "100000", stderr=subprocess.STDOUT) as process:
        process.stdout.read(1)  # more than a pipe holds is on its way, and nobody takes it
        time.sleep(0.2)
        process.send_signal(signal.SIGINT)
        assert process.wait(timeout=10) == 130
        process.stdout.close()


@of_a_million
@pytest.mark.parametrize("large", [False, True], ids=["small", "large"])
def test_an_interrupt_that_was_set_to_be_ignored_is_ignored(large, million, tmp_path):
    """Polars, which a large file needs, would hear it all the same, and end now and then, were it not blocked."""
    folder = million[0] if large else small(tmp_path)
    output = tmp_path / "out.csv"
    process = start(
        folder,
        "blend",
        "a.csv",
        "b.csv",
        "--output",
        output,
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_IGN),
    )
    assert watching(process)
    while process.poll() is None:
        process.send_signal(signal.SIGINT)
        time.sleep(0.02)
    assert process.communicate(timeout=60)[1].count(b"interrupted") == 0
    assert process.returncode == 0


@pytest.mark.parametrize(
    "words",
    [("blend", "a.csv", "b.csv", "--output", "-"), ("validate", "a.csv", "--format", "json"), ("--help",)],
    ids=lambda words: words[0],
)
def test_a_closed_pipe_is_quiet_and_no_success(words, tmp_path):
    small(tmp_path, rows=20_000)
    reader, writer = os.pipe()
    os.close(reader)
    done = run(tmp_path, *words, stdout=writer)
    os.close(writer)
    assert done.returncode in ({1, 2} if words == ("--help",) else {2})  # Click's own help leaves with 1
    assert b"Traceback" not in done.stderr
    assert b"pipe" not in done.stderr.lower()


@pytest.mark.parametrize(
    "words",
    [
        ("blend", "a.csv", "b.csv", "--output", "-"),
        ("validate", "a.csv"),
        ("validate", "a.csv", "--format", "json"),
        ("--help",),
    ],
    ids=" ".join,
)
def test_a_full_standard_output_is_said_and_is_no_success(words, tmp_path):
    small(tmp_path)
    with Path("/dev/full").open("wb") as full:
        done = run(tmp_path, *words, stdout=full)
    assert done.returncode == 2
    assert done.stderr.count(b"standard output: No space left on device\n") == 1
    assert done.stderr.count(b"No space left") == 1
    assert b"Traceback" not in done.stderr


def test_closed_streams_are_never_taken_for_files(tmp_path):
    small(tmp_path)
    before = content(tmp_path)
    for closed, code in ((">&-", 2), ("2>&-", 0), ("<&-", 0), ("<&- 2>&-", 0), ("<&- >&- 2>&-", 2)):
        line = " ".join([*PBL, f"blend a.csv b.csv --output s.csv --force {closed}"])
        done = subprocess.run(["sh", "-c", line], cwd=tmp_path, env=ENV, timeout=60, check=False, capture_output=True)
        assert done.returncode == code, closed
        if code == 0:
            assert (tmp_path / "s.csv").read_bytes().startswith(b"sample_id,target\nid0,0.975\n")
        assert {name: content(tmp_path)[name] for name in before} == before
