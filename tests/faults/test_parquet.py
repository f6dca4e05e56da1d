"""Full disks, limits, closed folders and signals while Parquet is written: the old pair or the new one, no third."""

import json
import os
import random
import resource
import shutil
import signal
import subprocess
import tempfile
import time
from pathlib import Path

import pytest
from support.parquet import put, put_parts
from support.processes import ENV, NOBODY, PATIENCE, PBL, TIMES, content, keeps_its_files_on_a_full_disk, refused, run

BLEND = ("blend", "a.parquet", "b=b/", "--output", "s.parquet")


def with_old_pair(folder, rows):
    """Write two pillars, one in parts, of numbers that nothing compresses, and an old submission of them."""
    chance = random.Random(rows)  # noqa: S311 - the same numbers each time
    numbers = {f"id{n}": chance.random() for n in range(rows)}
    put(folder / "a.parquet", numbers)
    put_parts(folder / "b", dict(reversed(numbers.items())), rows // 3)
    assert run(folder, *BLEND, "--weights", "1", "3").returncode == 0
    return content(folder)


def test_a_limit_on_file_sizes_is_said_and_leaves_the_old_files(tmp_path):
    before = with_old_pair(tmp_path, 5000)
    limit = lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))  # noqa: E731
    done = run(tmp_path, *BLEND, preexec_fn=limit)
    refused(done, "pbl blend: s.parquet: not written: the file would be larger than the limit on file sizes\n")
    assert content(tmp_path) == before


@pytest.mark.parametrize("most", [140, 160, 190, 300])
def test_parts_are_checked_under_any_limit_on_open_files_that_lets_them_be_open(tmp_path, most):
    """The database opens again what it compares, as far as the limit lets it."""
    numbers = {f"id{n}": float(n % 11) for n in range(120)}
    for name, rows in (("a", numbers), ("b", dict(reversed(numbers.items())))):
        put_parts(tmp_path / name, rows, *range(2, 120, 2))
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))  # noqa: E731
    done = run(tmp_path, "validate", "a=a/", "b=b/", preexec_fn=limit)
    assert (done.returncode, done.stderr) == (0, b""), done
    assert b"PBL604" in done.stdout


def test_parts_that_a_limit_on_open_files_refuses_are_told_with_the_remedy(tmp_path):
    put_parts(tmp_path / "a", {f"id{n}": n / 7 for n in range(120)}, *range(2, 120, 2))
    limit = lambda: resource.setrlimit(resource.RLIMIT_NOFILE, (50, 50))  # noqa: E731
    done = run(tmp_path, "validate", "a=a/", preexec_fn=limit)
    assert (done.returncode, b"Too many open files; raise the limit, ulimit -n" in done.stdout) == (1, True), done


def test_a_disk_that_is_too_small_is_said_and_keeps_the_old_files(tmp_path):
    with_old_pair(tmp_path, 40_000)
    size = int(1.5 * (tmp_path / "s.parquet").stat().st_size)
    blend = ["blend", "../a.parquet", "b=../b/", "--output", "s.parquet"]
    old = [*blend, "--weights", "1", "0"]
    keeps_its_files_on_a_full_disk(tmp_path, size, old, blend, "s.parquet", "s.parquet.recipe.json")


def test_in_a_folder_that_only_others_may_write_nothing_changes_and_the_reason_is_said():
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else with setpriv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        before = with_old_pair(folder, 50)
        folder.chmod(0o755)
        if run(folder, "--version", before=NOBODY).returncode:
            pytest.skip("nobody can't read this project")
        refused(run(folder, *BLEND, before=NOBODY), "permission denied")
        refused(run(folder, *BLEND[:-1], "new.parquet", before=NOBODY), "permission denied")
        assert content(folder) == before
        (folder / "b" / "part-1.parquet").chmod(0)
        done = run(folder, "validate", "b=b/", before=NOBODY)
        assert (done.returncode, b"PBL101" in done.stdout, b"part-1.parquet" in done.stdout) == (1, True, True)
        (folder / "b").chmod(0)
        done = run(folder, "validate", "b=b/", before=NOBODY)
        assert (done.returncode, b"PBL101" in done.stdout) == (1, True)


@pytest.fixture(scope="module")
def many(tmp_path_factory):
    folder = tmp_path_factory.mktemp("many")
    with_old_pair(folder, 600_000)
    began = time.monotonic()
    assert run(folder, *BLEND, "--weights", "1", "3").returncode == 0
    return folder, time.monotonic() - began


def test_an_interrupt_at_any_moment_ends_it_at_once_and_leaves_nothing_half_done(many):
    folder, whole = many
    chance = random.Random(os.environ.get("PBL_SEED", ""))  # noqa: S311 - the same moments each time
    for number, code in [(signal.SIGINT, 130), (signal.SIGTERM, 143)] * TIMES:
        before = content(folder)
        with subprocess.Popen([*PBL, *BLEND], cwd=folder, env=ENV, stderr=subprocess.PIPE) as process:
            time.sleep(chance.uniform(0.3, whole))
            sent = time.monotonic()
            process.send_signal(number)
            err = process.communicate(timeout=30)[1]
            took = time.monotonic() - sent
        assert process.returncode in {0, code}, err
        assert process.returncode == 0 or took < PATIENCE
        assert b"Traceback" not in err
        after = content(folder)
        assert set(after) == set(before), "a temporary is left"
        recipe = json.loads((folder / "s.parquet.recipe.json").read_bytes())
        assert recipe["output"]["sha256"] == after["s.parquet"]
