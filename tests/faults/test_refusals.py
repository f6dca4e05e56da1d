"""What the system refuses, disk, memory or a folder, is said by whole processes in one line; nothing is half done."""

import os
import resource
import shutil
import tempfile
from pathlib import Path

import pytest
from support.processes import NOBODY, content, keeps_its_files_on_a_full_disk, refused, run, small

from pbl.__main__ import _is_out_of_memory


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
    small(tmp_path, rows=20_000)
    blend = ["blend", "../a.csv", "../b.csv", "--output", "s.csv"]
    old = [*blend, "--weights", "1", "0", "--threads", "1"]
    keeps_its_files_on_a_full_disk(tmp_path, 500 << 10, old, blend, "s.csv", "s.recipe.json")


def test_in_a_folder_that_only_others_may_write_nothing_changes_and_the_reason_is_said():
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else with setpriv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = with_old_pair(folder, 50)
        folder.chmod(0o755)
        if run(folder, "--version", before=NOBODY).returncode:
            pytest.skip("nobody can't read this project")
        refused(run(folder, "blend", "a.csv", "b.csv", "--output", "s.csv", before=NOBODY), "permission denied")
        refused(run(folder, "blend", "a.csv", "b.csv", "--output", "new.csv", before=NOBODY), "permission denied")
        assert content(folder) == before
        assert run(folder, "validate", "a.csv", "b.csv", before=NOBODY).returncode == 0
        (folder / "a.csv").chmod(0)
        done = run(folder, "validate", "a.csv", before=NOBODY)
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
