"""Interrupts, closed pipes, full disks and limits, on whole processes: one message at most, nothing half done."""

import contextlib
import hashlib
import json
import os
import random
import resource
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import pbl_schemas
import pbl_sql
import pytest
from support.effort import THOROUGH

import pbl
from pbl.__main__ import _is_out_of_memory

ROOTS = os.pathsep.join(str(Path(module.__file__).parents[1]) for module in (pbl, pbl_sql, pbl_schemas))
ENV = {"PATH": os.environ["PATH"], "PYTHONPATH": ROOTS, "PYTHONDONTWRITEBYTECODE": "1"}
PBL = [sys.executable, "-m", "pbl"]
PATIENCE = 3.0
"""Seconds that an interrupted process gets here; it takes less than one where nothing else runs."""
TIMES = 12 if THOROUGH else 2


def start(folder, *words, **how):
    how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.Popen([*PBL, *map(str, words)], cwd=folder, env=ENV, **how)


def run(folder, *words, before=(), **how):
    command = [*before, *PBL, *map(str, words)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.run(command, cwd=folder, env=ENV, timeout=120, check=False, **streams)


def content(folder):
    return {p.name: hashlib.sha256(p.read_bytes()).hexdigest() for p in Path(folder).iterdir()}


def small(folder, rows=50, names="ab"):
    for name in names:
        lines = "".join(f"id{n},{n}.{ord(name)}\n" for n in range(rows))
        (folder / f"{name}.csv").write_text("sample_id,target\n" + lines)
    return folder


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


def refused(done, *reasons):
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert any(reason.encode() in done.stderr for reason in reasons), done.stderr


def with_old_pair(folder, rows):
    small(folder, rows=rows)
    assert run(folder, "blend", "a.csv", "b.csv", "--weights", "1", "3", "--output", "s.csv").returncode == 0
    return content(folder)


def test_a_device_is_no_output(tmp_path):
    small(tmp_path)
    before = content(tmp_path)
    for device in ("/dev/full", "/dev/null", "/dev/stdout"):
        refused(run(tmp_path, "blend", "a.csv", "b.csv", "--output", device), "no regular file")
    assert content(tmp_path) == before


def test_a_limit_on_file_sizes_is_said_and_leaves_the_old_files(tmp_path):
    before = with_old_pair(tmp_path, 3000)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))  # noqa: E731
    done = run(tmp_path, "blend", "a.csv", "b.csv", "--output", "s.csv", preexec_fn=limit)
    refused(done, "pbl blend: s.csv: not written: the file would be larger than the limit on file sizes\n")
    assert content(tmp_path) == before


def test_a_library_that_finds_no_memory_to_be_loaded_into_is_told_from_one_that_is_not_there():
    assert _is_out_of_memory(ImportError("libduckdb.so: failed to map segment from shared object"))
    assert _is_out_of_memory(ImportError("x.so: cannot allocate memory in static TLS block"))
    assert not _is_out_of_memory(ImportError("No module named 'x'"))
    assert not _is_out_of_memory(NameError("name 'x' is not defined"))
    assert not _is_out_of_memory(SystemError("error return without exception set"))


@pytest.mark.parametrize(("where", "starved"), [("<frozen importlib._bootstrap>", True), ("pbl/blend.py", False)])
def test_a_library_that_fails_to_load_without_a_word_found_no_memory(where, starved):
    try:
        exec(compile("raise SystemError('error return without exception set')", where, "exec"))  # noqa: S102 - nothing else has a frame of that name
    except SystemError as error:
        assert _is_out_of_memory(error) == starved  # noqa: PT017 - the traceback is what is looked at


@pytest.mark.parametrize("megabytes", [500, 600, 700])
def test_too_little_memory_to_load_the_libraries_is_said(megabytes, tmp_path):
    small(tmp_path)
    size = megabytes * 1_000_000
    limit = lambda: resource.setrlimit(resource.RLIMIT_AS, (size, size))  # noqa: E731
    done = run(tmp_path, "validate", "a.csv", preexec_fn=limit)
    if done.returncode < 0:
        pytest.skip("a library crashed for want of memory before it could say so")
    assert b"Traceback" not in done.stderr
    assert done.returncode == 0 or b"memory" in done.stderr


def test_a_disk_that_is_too_small_is_said_and_keeps_the_old_files(tmp_path):
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("unshare -m isn't allowed here: no small disk can be mounted")
    disk = tmp_path / "disk"
    disk.mkdir()
    small(tmp_path, rows=20_000)
    blend = " ".join([*PBL, "blend ../a.csv ../b.csv --output s.csv"])
    script = f"""mount -t tmpfs -o size=500k tmpfs {disk} || exit 77
        cd {disk}; {blend} --weights 1 0 --threads 1 > /dev/null 2>&1 || exit 78
        sha256sum s.csv s.recipe.json > ../before
        {blend} > ../out 2> ../err; code=$?
        sha256sum -c ../before || code=79
        ls -A > ../left; exit $code"""
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], env=ENV, check=False, capture_output=True, timeout=120)
    if done.returncode == 77:
        pytest.skip("a tmpfs can't be mounted here")
    assert done.returncode == 2, (done, (tmp_path / "err").read_text())
    assert (tmp_path / "err").read_text().splitlines()[-1] == "pbl blend: s.csv: not written: the disk is full"
    assert (tmp_path / "left").read_text().split() == ["s.csv", "s.recipe.json"]


def test_in_a_folder_that_only_others_may_write_nothing_changes_and_the_reason_is_said():
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else with setpriv")
    nobody = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = with_old_pair(folder, 50)
        folder.chmod(0o755)
        if run(folder, "--version", before=nobody).returncode:
            pytest.skip("nobody can't read this project")
        refused(run(folder, "blend", "a.csv", "b.csv", "--output", "s.csv", before=nobody), "permission denied")
        refused(run(folder, "blend", "a.csv", "b.csv", "--output", "new.csv", before=nobody), "permission denied")
        assert content(folder) == before
        assert run(folder, "validate", "a.csv", "b.csv", before=nobody).returncode == 0
        (folder / "a.csv").chmod(0)
        done = run(folder, "validate", "a.csv", before=nobody)
        assert done.returncode == 1
        assert b"PBL101" in done.stdout
        assert b"Permission denied" in done.stdout


def test_a_folder_that_may_not_be_entered_is_said_and_never_taken_for_an_empty_one(tmp_path):
    powerless = []
    if not os.geteuid():
        if not shutil.which("setpriv"):
            pytest.skip("there is no setpriv to take root's powers away")
        powerless = ["setpriv", "--bounding-set=-dac_override,-dac_read_search", "--inh-caps=-all"]
    small(tmp_path)
    shut = tmp_path / "shut"
    shutil.copytree(tmp_path, shut)
    shut.chmod(0)
    try:
        if run(tmp_path, "validate", "shut", before=powerless).returncode != 2:
            pytest.skip("every folder may be entered here")
        for words in (
            ["validate", "shut/a.csv"],
            ["validate", "x=shut/a.csv", "--failures", "f.csv"],
            ["validate", "a.csv", "--template", "shut/b.csv"],
            ["validate", "a.csv", "--pillars-dir", "shut"],
        ):
            done = run(tmp_path, *words, before=powerless)
            assert done.returncode == 1, (words, done.stderr)
            assert b"PBL101 file-unreadable: cannot be opened: Permission denied" in done.stdout
        refused(run(tmp_path, "validate", "shut", before=powerless), "shut: cannot be listed: Permission denied")
    finally:
        shut.chmod(0o700)
