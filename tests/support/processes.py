"""pbl as a process of its own, as a shell runs it: to be interrupted, limited and starved."""

import hashlib
import os
import subprocess
import sys
from pathlib import Path

import pbl_schemas
import pbl_sql
import pytest
from support.effort import THOROUGH

import pbl

ROOTS = os.pathsep.join(str(Path(module.__file__).parents[1]) for module in (pbl, pbl_sql, pbl_schemas))
ENV = {"PATH": os.environ["PATH"], "PYTHONPATH": ROOTS, "PYTHONDONTWRITEBYTECODE": "1"}
PBL = [sys.executable, "-m", "pbl"]
NOBODY = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
PATIENCE = 3.0
"""Seconds that an interrupted process gets here; it takes less than one where nothing else runs."""
TIMES = 12 if THOROUGH else 2


def start(folder, *words, **how):
    how = {"stdin": subprocess.DEVNULL, "stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.Popen([*PBL, *map(str, words)], cwd=folder, env=ENV, **how)


def run(folder, *words, before=(), **how):
    """Run pbl to its end, behind the words of another command that starts it."""
    command = [*before, *PBL, *map(str, words)]
    streams = {"stdout": subprocess.PIPE, "stderr": subprocess.PIPE} | how
    return subprocess.run(command, cwd=folder, env=ENV, timeout=120, check=False, **streams)


def content(folder):
    """Give the hash of every file in a folder, and below, by its name."""
    files = [path for path in Path(folder).rglob("*") if path.is_file()]
    return {str(path.relative_to(folder)): hashlib.sha256(path.read_bytes()).hexdigest() for path in files}


def refused(done, *reasons):
    """See that a run ended with one of the reasons, and without a traceback."""
    assert done.returncode == 2, done.stderr
    assert b"Traceback" not in done.stderr
    assert any(reason.encode() in done.stderr for reason in reasons), done.stderr


def small(folder, rows=50, names="ab"):
    """Write CSV files of a few rows."""
    for name in names:
        lines = "".join(f"id{n},{n}.{ord(name)}\n" for n in range(rows))
        (folder / f"{name}.csv").write_text("sample_id,target\n" + lines)
    return folder


def keeps_its_files_on_a_full_disk(folder, size, old, new, *files):
    """See that, on a disk of so many bytes, `new` finds no room, says so, and leaves the files that `old` wrote."""
    if subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode:
        pytest.skip("unshare -m isn't allowed here: no small disk can be mounted")
    disk = folder / "disk"
    disk.mkdir()
    script = f"""mount -t tmpfs -o size={size} tmpfs {disk} || exit 77
        cd {disk}; {" ".join([*PBL, *old])} > /dev/null 2>&1 || exit 78
        sha256sum {" ".join(files)} > ../before
        {" ".join([*PBL, *new])} > ../out 2> ../err; code=$?
        sha256sum -c ../before || code=79
        ls -A > ../left; exit $code"""
    done = subprocess.run(["unshare", "-m", "sh", "-c", script], env=ENV, check=False, capture_output=True, timeout=120)
    if done.returncode == 77:
        pytest.skip("a tmpfs can't be mounted here")
    said = (folder / "err").read_text()
    assert done.returncode == 2, (done, said)
    assert said.splitlines()[-1] == f"pbl {new[0]}: {files[0]}: not written: the disk is full"
    assert (folder / "left").read_text().split() == list(files)
