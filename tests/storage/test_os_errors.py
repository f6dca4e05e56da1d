"""What a real limit, disk or right refuses is said in words, and what was there stays."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path

import pytest
from support.publishing import (
    APPEND,
    HEAD,
    PUBLISH,
    child,
    content,
    pair,
    put,
)


def test_a_limit_on_file_sizes_is_said_and_leaves_the_old_file(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
    put(tmp_path, {"a": b"old", "log.csv": HEAD + b"x" * 8000 + b",y,z\n"})
    before = content(tmp_path)
    for deed in (
        'write_whole(folder / "a", b"n" * 9000)',
        'append_rows(folder / "log.csv", header=("pillar", "model", "notes"), rows=[("r" * 300, "", "")])',
    ):
        done = child(f"{limit}attempt(lambda: {deed})", tmp_path)
        assert done.returncode == 2
        assert "limit on file sizes" in done.stderr
        assert content(tmp_path) == before


def test_on_a_full_or_read_only_disk_the_old_files_stay(tmp_path):
    script = """
from pbl.storage.atomic_folder import fill, new_folder
def pack():
    with new_folder(folder / "pack") as inner: fill(inner / "a", [b"n" * 400_000])
(folder / "s.csv").write_bytes(b"old"); (folder / "s.recipe.json").write_bytes(b"recipe of old")
append_rows(folder / "log.csv", header=("a",), rows=[("first",)])
before = {p.name: p.read_bytes() for p in folder.iterdir()}
def refused(deed, reason):
    try: deed()
    except PblError as error: assert reason in str(error), error
    else: raise AssertionError(deed)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before, os.listdir(folder)
refused(lambda: publish(b"n" * 400_000), "the disk is full")
refused(lambda: write_whole(folder / "s.csv", b"n" * 400_000), "the disk is full")
refused(lambda: append_rows(folder / "log.csv", header=("a",), rows=[("r" * 400_000,)]), "the disk is full")
refused(lambda: append_rows(folder / "new.csv", header=("a",), rows=[("r" * 400_000,)]), "the disk is full")
refused(pack, "the disk is full")
os.system(f"mount -o remount,ro '{folder}'")
refused(publish, "read-only")
refused(pack, "read-only")
refused(lambda: append_rows(folder / "log.csv", header=("a",), rows=[("r",)]), "read-only")
print("shown")
"""
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("unshare -m isn't allowed here: no small disk can be mounted")
    mount = 'mount -t tmpfs -o size=256k tmpfs "$0" || { echo no mount; exit 0; }; exec "$@"'
    done = child(script, tmp_path, "unshare", "-m", "sh", "-c", mount, str(tmp_path))
    if "no mount" in done.stdout:
        pytest.skip("a tmpfs can't be mounted here")
    assert (done.stdout, done.stderr) == ("shown\n", "")


def test_in_a_folder_that_only_others_may_write_nothing_changes():
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else with setpriv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put(folder, {**pair(b"old"), "log.csv": HEAD})
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o644)
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if child("", folder, *user).returncode:
            pytest.skip("nobody can't read this project")
        for script in (PUBLISH, APPEND, APPEND.replace("log.csv", "new.csv"), APPEND.replace("log.csv", "new/new.csv")):
            done = child(script, folder, *user)
            assert (done.returncode, "permission denied" in done.stderr) == (2, True)
            assert content(folder) == {**pair(b"old"), "log.csv": HEAD}
