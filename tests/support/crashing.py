"""Runs of pbl in which a call of the system fails, or is the last one: strace counts and injects.

`PBL_THOROUGH=1` walks every call with every fault; else a sample is taken.
"""

import os
import re
import shutil
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pbl_schemas
import pbl_sql
from support.effort import THOROUGH

import pbl

NAMES = {"rename": "rename,renameat,renameat2", "link": "link,linkat", "unlink": "unlink,unlinkat", "fchmod": "fchmod"}
KINDS = ("write", "pwrite64", "fsync", "rename", "link", "unlink", "ftruncate", "fchmod")
FAULTS = (
    "signal=KILL:when={n}",
    "error=ENOSPC:when={n}",
    "error=EIO:when={n}",
    "error=ENOSPC:when={n}+",
    "error=EIO:when={n}+",
)
SAMPLE = 11
ROOTS = os.pathsep.join(str(Path(module.__file__).parents[1]) for module in (pbl, pbl_sql, pbl_schemas))
ENV = {"PATH": os.environ["PATH"], "PYTHONPATH": ROOTS, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}


def run(folder, words, *before):
    """Run pbl, perhaps under strace."""
    command = [*before, sys.executable, "-m", "pbl", *words]
    return subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True, timeout=120, check=False)


def injected(folder, words, kind, fault):
    quick = [] if "signal" in fault else ["--seccomp-bpf"]  # which loses injected signals
    calls = NAMES.get(kind, kind)
    tracer = ["strace", "-f", "-qq", "-o", os.devnull, *quick, f"--trace={calls}", f"--inject={calls}:{fault}"]
    return run(folder, words, *tracer)


def calls(folder, words, kind):
    """Count how often an undisturbed run makes a call."""
    trace = folder.with_name(f"trace-{kind}")
    done = run(folder, words, "strace", "-f", "-qq", "-o", str(trace), f"--trace={NAMES.get(kind, kind)}")
    assert done.returncode == 0, done.stderr
    return len(re.findall(rf"^\d+ +{kind}\w*\(", trace.read_text(), re.MULTILINE))


def fresh(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def walk(folder, before, words, kind):
    """Yield every run with a fault: how it was disturbed and how it ended, its traces in the folder.

    strace counts calls a thread, so that the last numbers may find nothing to disturb.
    """
    turn = count(sum(map(ord, kind + " ".join(words))))
    for n in range(1, calls(fresh(folder, before), words, kind) + 1):
        for fault in (text.format(n=n) for text in FAULTS):
            if THOROUGH or next(turn) % SAMPLE == 0:
                fresh(folder, before)
                done = injected(folder, words, kind, fault)
                assert "Traceback" not in done.stderr, (kind, fault, done.stderr)
                yield f"{kind}:{fault}", done, done.returncode == -signal.SIGKILL
