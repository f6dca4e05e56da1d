"""Runs of pbl in which a call of the system fails, or is the last one: strace counts and injects.

`PBL_THOROUGH=1` walks every call with every fault; else a sample is taken.
"""

import contextlib
import os
import re
import shutil
import signal
import subprocess
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

from support.effort import THOROUGH
from support.making import command
from support.processes import ENV, PBL

NAMES = {"rename": "rename,renameat,renameat2", "link": "link,linkat", "unlink": "unlink,unlinkat", "fchmod": "fchmod"}
KINDS = ("write", "pwrite64", "fsync", "rename", "link", "unlink", "ftruncate", "fchmod")
FAULTS = (
    "signal=KILL:when={n}",
    "error=ENOSPC:when={n}",
    "error=EIO:when={n}",
    "error=ENOSPC:when={n}+",
    "error=EIO:when={n}+",
)
SAMPLE = 15


def run(folder, words, *before):
    """Run pbl, perhaps under strace."""
    line = [*before, *PBL, *words]
    return subprocess.run(line, cwd=folder, env=ENV, capture_output=True, text=True, timeout=120, check=False)


def afterwards(folder, words):
    """Run pbl on what a disturbed run left, within this process: it needs neither strace nor a start of its own."""
    with contextlib.chdir(folder):
        return command(*words)


def injected(folder, words, kind, fault):
    quick = [] if "signal" in fault else ["--seccomp-bpf"]  # which loses injected signals
    calls = NAMES.get(kind, kind)
    tracer = ["strace", "-f", "-qq", "-o", os.devnull, *quick, f"--trace={calls}", f"--inject={calls}:{fault}"]
    return run(folder, words, *tracer)


@cache
def calls(before, words):
    """Count how often an undisturbed run makes each call: one run tells for all kinds that start alike."""
    kinds = (*KINDS, "mkdir")
    with tempfile.TemporaryDirectory() as name:
        trace = Path(name) / "trace"
        names = ",".join(NAMES.get(kind, kind) for kind in kinds)
        tracer = ("strace", "-f", "-qq", "-o", str(trace), f"--trace={names}")
        done = run(fresh(Path(name) / "f", dict(before)), words, *tracer)
        assert done.returncode == 0, done.stderr
        text = trace.read_text()
    return {kind: len(re.findall(rf"^\d+ +{kind}\w*\(", text, re.MULTILINE)) for kind in kinds}


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
    for n in range(1, calls(tuple(before.items()), words)[kind] + 1):
        for fault in (text.format(n=n) for text in FAULTS):
            if THOROUGH or next(turn) % SAMPLE == 0:
                fresh(folder, before)
                done = injected(folder, words, kind, fault)
                assert "Traceback" not in done.stderr, (kind, fault, done.stderr)
                yield f"{kind}:{fault}", done, done.returncode == -signal.SIGKILL
