"""Publish, append and heal, in this process or in one of its own whose system calls fail, are counted or are listed."""

from __future__ import annotations

import csv
import io
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from pbl.storage import commit
from pbl.storage.append_log import Appended, append_rows
from pbl.storage.commit import Drafts, recover

HEADER = ("pillar", "model", "notes")
HEAD = b"pillar,model,notes\n"
ENV = {"PYTHONPATH": str(Path(commit.__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
PREAMBLE = """
import os, sys
from pathlib import Path
from pbl.domain.errors import PblError
from pbl.storage.append_log import append_rows
from pbl.storage.temporary import private_folder, sweep
from pbl.storage.atomic_write import write_whole
from pbl.storage.commit import Drafts, recover

folder = Path(sys.argv[1])

def fits(submission, recipe):
    return recipe.read_bytes() == b"recipe of " + submission.read_bytes()

def publish(data=b"new"):
    with Drafts() as drafts:
        submission, recipe = drafts.new(folder / "s.csv"), drafts.new(folder / "s.recipe.json")
        submission.write(data)
        recipe.write(b"recipe of " + data)
        drafts.publish(submission, note=recipe)

def attempt(deed):
    try:
        deed()
    except PblError as error:
        os.writev(2, [str(error).encode()])  # no write: writes may be what fails
        os._exit(2)
    os._exit(0)
"""
PUBLISH = "attempt(publish)"
APPEND = 'attempt(lambda: append_rows(folder / "log.csv", header=("pillar", "model", "notes"), rows=[("p", "m", "n")]))'
STRACE = ("strace", "-f", "-qq", "-o")
NAMES = {"rename": "rename,renameat,renameat2", "link": "link,linkat", "unlink": "unlink,unlinkat"}
FAULTS = (("", "ENOSPC"), ("+", "EIO"), ("", "EIO"), ("+", "ENOSPC"))
REASONS = {"ENOSPC": "the disk is full", "EIO": "input/output error"}

needs_strace = pytest.mark.skipif(
    not shutil.which("strace"), reason="strace is not installed: faults can't be injected"
)


def fits(submission: Path, recipe: Path) -> bool:
    return recipe.read_bytes() == b"recipe of " + submission.read_bytes()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def pair(data: bytes) -> dict[str, bytes]:
    return {"s.csv": data, "s.recipe.json": b"recipe of " + data}


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def renew(folder: Path, files: dict[str, bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    put(folder, files)
    return folder


def publish(folder: Path, data: bytes = b"new", *, replace: bool = True) -> None:
    with Drafts() as drafts:
        submission, recipe = drafts.new(folder / "s.csv"), drafts.new(folder / "s.recipe.json")
        submission.write(data)
        recipe.write(b"recipe of " + data)
        drafts.publish(submission, note=recipe, replace=replace)


def heal(folder: Path) -> tuple[Path, ...]:
    return recover(folder / "s.csv", folder / "s.recipe.json", fits)


def append(folder: Path, *rows: tuple[str, ...]) -> Appended:
    return append_rows(folder / "log.csv", header=HEADER, rows=rows or [("p", "m", "n")])


def records(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def child(script: str, folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-S", "-c", PREAMBLE + script, str(folder)]
    return subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=60, check=False)


def inject(script: str, folder: Path, *faults: str) -> subprocess.CompletedProcess[str]:
    """Run under strace; a fault is like `rename:error=EIO:when=2+`."""
    options = [
        f"--inject={NAMES.get(call, call)}:{rest}" for call, _, rest in (fault.partition(":") for fault in faults)
    ]
    kinds = ",".join(NAMES.get(fault.partition(":")[0], fault.partition(":")[0]) for fault in faults)
    quick = [] if any("signal" in fault for fault in faults) else ["--seccomp-bpf"]  # which loses injected signals
    return child(script, folder, *STRACE, os.devnull, *quick, f"--trace={kinds}", *options)


def count_calls(script: str, folder: Path, kind: str) -> int:
    """Count how often an undisturbed run makes a system call."""
    trace = folder.with_name("trace")
    done = child(script, folder, *STRACE, str(trace), "--seccomp-bpf", f"--trace={NAMES.get(kind, kind)}")
    assert done.returncode == 0, done.stderr
    return len(re.findall(rf"^\d+ +{kind}", trace.read_text(), re.MULTILINE))


def list_calls(script: str, folder: Path) -> list[str]:
    """List the calls that decide what outlives a power failure, as they were made, with random names made plain."""
    trace = folder.with_name("trace")
    names = ",".join(("fsync", "write", "ftruncate", *NAMES.values()))
    done = child(script, folder, *STRACE, str(trace), "-y", "-s", "0", f"--trace={names}")
    assert done.returncode == 0, done.stderr
    plain = re.sub(r"\.[0-9a-f]{16}\.pbl-tmp", ".tmp", trace.read_text()).replace(f"{folder}/", "")
    lines = (line.partition(" ")[2].strip() for line in plain.replace(str(folder), "FOLDER").splitlines())
    found = (re.match(r"(\w+)\((.*)\) += 0|(write)\(\d+(<[^>]*>)", line) for line in lines)
    return [
        " ".join([each[1] or each[3], *re.findall(r'[<"]([^>"]+)[>"]', each[2] or each[4])]) for each in found if each
    ]


STARTS = {"nothing": {}, "a pair": pair(b"old"), "an edited submission": {**pair(b"old"), "s.csv": b"mine"}}
