"""Apply each defect to a copy of the project, and run the tests named beside it: `make mutants`.

One that they miss, or that applies no more, makes the exit code 1. Words on the command line choose defects by their
names.
"""

from __future__ import annotations

import contextlib
import os
import shutil
import signal
import subprocess
import sys
import tempfile
import time
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import TYPE_CHECKING

from mutants import MUTANTS
from mutants.mutant import ROOT

if TYPE_CHECKING:
    from mutants.mutant import Mutant

COPIED = ("src", "schemas", "sql", "tests", "examples", "pyproject.toml")
PATIENCE = 240
"""Seconds after which a defect that makes the tests hang is taken for caught."""
RUNNING: set[subprocess.Popen[str]] = set()
"""The tests at work: whatever ends this run ends them."""


def verdict(mutant: Mutant) -> tuple[bool, str]:
    """Apply a defect to a copy and run its tests; say whether they caught it, and how."""
    with tempfile.TemporaryDirectory(prefix="pbl-mutant-") as name:
        copy = Path(name)
        for part in COPIED:
            source = ROOT / part
            if source.is_dir():
                shutil.copytree(source, copy / part, ignore=shutil.ignore_patterns("__pycache__"))
            else:
                shutil.copy(source, copy / part)
        target = copy / mutant.file
        target.write_text(target.read_text(encoding="utf-8").replace(mutant.old, mutant.new), encoding="utf-8")
        return run_tests(copy, mutant.tests)


def run_tests(copy: Path, tests: str, *, at_once: int = 0) -> tuple[bool, str]:
    """Run tests of a copy of the project; say whether any failed, and the first that did."""
    roots = os.pathsep.join(str(copy / part) for part in ("src", "schemas", "sql"))
    env = {k: v for k, v in os.environ.items() if k not in {"PBL_THOROUGH", "PBL_TRAPS"}}
    env |= {"PYTHONPATH": roots, "PYTHONDONTWRITEBYTECODE": "1", "PBL_FUZZ_COUNT": "800", "PBL_ROADS_COUNT": "24"}
    command = [sys.executable, "-m", "pytest", "-x", "-q", "-n", str(at_once), "-p", "no:cacheprovider", *tests.split()]
    process = subprocess.Popen(
        command, cwd=copy, env=env, stdout=subprocess.PIPE, stderr=subprocess.DEVNULL, text=True, start_new_session=True
    )
    RUNNING.add(process)
    try:
        said, _ = process.communicate(timeout=PATIENCE * (1 + at_once))
    except subprocess.TimeoutExpired:
        return True, "the tests hang"
    finally:
        end_group(process)
    first = next((line for line in said.splitlines() if line.startswith(("FAILED", "ERROR"))), "")
    return process.returncode != 0, first or said[-300:]


def end_group(process: subprocess.Popen[str]) -> None:
    """End tests with all that they started: a test that hangs, or an interrupt, leaves nothing at work."""
    with contextlib.suppress(ProcessLookupError):
        os.killpg(process.pid, signal.SIGKILL)
    process.wait()
    RUNNING.discard(process)


def main() -> int:
    words = sys.argv[1:]
    chosen = [m for m in MUTANTS if not words or any(word in m.why for word in words)]
    stale = [mutant.why for mutant in MUTANTS if not mutant.fits()]
    for why in stale:
        print(f"no longer applies: {why}")
    began = time.monotonic()
    if not chosen:
        print("no defect has such a name")
        return 1
    every = " ".join(sorted({test for mutant in chosen for test in mutant.tests.split()}))
    failed, first = run_tests(ROOT, every, at_once=os.cpu_count() or 2)
    if failed:
        print(f"without any defect: {first}")
        return 1
    caught = 0
    fit = [m for m in chosen if m.why not in stale]
    pool = ThreadPoolExecutor(max_workers=os.cpu_count() or 2)
    try:
        for mutant, (seen, how) in zip(fit, pool.map(verdict, fit), strict=True):
            caught += seen
            print(f"{'caught' if seen else 'MISSED'}  {mutant.why}  ({mutant.file})  {how[:110]}", flush=True)
    finally:
        pool.shutdown(wait=False, cancel_futures=True)
        for process in [*RUNNING]:
            end_group(process)
    print(f"{caught} of {len(chosen)} caught in {time.monotonic() - began:.0f} s")
    return 0 if caught == len(chosen) and not stale else 1


if __name__ == "__main__":
    signal.signal(signal.SIGTERM, lambda number, _: sys.exit(128 + number))
    sys.exit(main())
