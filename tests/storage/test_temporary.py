"""Temporary files and folders are removed however the process ends."""

from __future__ import annotations

import fcntl
import os
import re
import stat
import subprocess
import sys
import time

import pytest
from support.publishing import (
    APPEND,
    ENV,
    HEAD,
    PREAMBLE,
    child,
    content,
    pair,
    put,
    renew,
)

from pbl.domain.errors import OutputError
from pbl.storage.temporary import private_folder


def test_a_private_folder_is_private_and_gone_with_all_in_it(tmp_path):
    with pytest.raises(ZeroDivisionError), private_folder(tmp_path) as folder:  # noqa: PT012
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.parent == tmp_path
        (folder / "deep" / "er").mkdir(parents=True)
        put(folder / "deep" / "er", {"spill": b"x"})
        (folder / "link").symlink_to(tmp_path.parent)
        raise ZeroDivisionError
    assert content(tmp_path) == {}
    with pytest.raises(OutputError, match="none"), private_folder(tmp_path / "none"):
        pass


def test_a_sweep_from_another_thread_leaves_no_temporary_and_nothing_half_done(tmp_path):
    script = """
import threading, time
def end():
    time.sleep(float(sys.argv[2])); sweep(); os._exit(130)
threading.Thread(target=end).start()
with private_folder(folder) as spill:
    (spill / "x").write_bytes(b"x")
    while True: publish(b"new"); append_rows(folder / "log.csv", header=("a",), rows=[("r" * 5000,)])
"""
    for delay in range(8):
        folder = renew(tmp_path / "f", pair(b"old"))
        command = [sys.executable, "-S", "-c", PREAMBLE + script, str(folder), str(0.005 + delay * 0.0041)]
        assert subprocess.run(command, env=ENV, timeout=20, check=False).returncode == 130
        after = content(folder)
        log = after.pop("log.csv", b"")
        assert after in (pair(b"old"), pair(b"new"))
        assert log == b"" or re.fullmatch(rb"a\n(r{5000}\n)+", log)


def test_a_sweep_removes_a_folder_that_others_go_on_filling(tmp_path):
    script = """
import itertools, threading, time
def fill(spill, who):
    for n in itertools.count():
        try: (spill / f"{who}-{n}").write_bytes(b"x" * 100)
        except FileNotFoundError: time.sleep(0.001)
with private_folder(folder) as spill:
    for who in range(3):
        threading.Thread(target=fill, args=(spill, who), daemon=True).start()
    time.sleep(0.3); sweep(); time.sleep(0.2); os._exit(len(list(folder.iterdir())))
"""
    for _ in range(3):
        assert child(script, tmp_path).returncode == 0


@pytest.mark.parametrize("shell", [True, False], ids=["sh", "no sh"])
def test_a_sweep_leaves_what_takes_long_to_a_process_that_outlives_its_own(shell, tmp_path_factory, tmp_path):
    """Where there is no shell, it takes the time itself."""
    slow = tmp_path_factory.mktemp("bin") / "rm"
    slow.write_text('#!/bin/sh\nsleep 1; exec /bin/rm "$@"\n')
    slow.chmod(0o755)
    path = f"{slow.parent}:{os.environ['PATH']}" if shell else "/nowhere"
    script = f"""
import fcntl, time
os.environ["PATH"] = {path!r}
from pbl.storage import temporary
remove = temporary._remove
def slowly(path):
    if path.name == "99": time.sleep({60 if shell else 1})
    remove(path)
temporary._remove, temporary._SWEEP_S = slowly, 0.1
with private_folder(folder) as spill:
    (spill / "inner").mkdir()
    for n in range(100): (spill / "inner" / str(n)).write_bytes(b"x")
    with open(folder / "other", "w") as lock:
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        os._exit(7 if sweep() is {not shell} else 8)
"""
    assert child(script, tmp_path).returncode == 7
    with (tmp_path / "other").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for _ in range(500):
        if sorted(path.name for path in tmp_path.iterdir()) == ["other"]:
            return
        time.sleep(0.02)
    pytest.fail("it is still there")


def test_a_sweep_passes_over_what_cannot_be_removed(tmp_path):
    script = """
from pbl.storage import temporary
with private_folder(folder) as spill, Drafts() as drafts:
    drafts.new(folder / "x.csv")
    rename = Path.rename
    Path.rename = lambda self, to: rename(self, "/nowhere/at/all" if self.is_dir() else to)
    temporary.live[Path("/nowhere/at/all")] = None
    sweep(); os._exit(len([path for path in folder.iterdir() if path.is_file()]))
"""
    assert child(script, tmp_path).returncode == 0


def test_a_sweep_removes_a_folder_that_is_being_removed(tmp_path):
    script = """
import threading, time
from pbl.storage import temporary
remove = temporary._remove
def slowly(path):
    if threading.current_thread() is threading.main_thread() and path.name == "1": time.sleep(60)
    remove(path)
temporary._remove = slowly
def end():
    time.sleep(0.3); sweep(); os._exit(7)
threading.Thread(target=end).start()
with private_folder(folder) as spill:
    for n in range(3): (spill / str(n)).write_bytes(b"x")
"""
    assert child(script, tmp_path).returncode == 7
    assert content(tmp_path) == {}


def test_a_sweep_waits_until_a_failed_append_is_undone(tmp_path):
    script = """
import threading, time
def end():
    sweep(); os._exit(130)
def failing(_):
    threading.Thread(target=end).start(); time.sleep(0.2); raise OSError(5, "EIO")
os.fsync = failing
"""
    put(tmp_path, {"log.csv": HEAD})
    assert child(script + APPEND, tmp_path).returncode in {2, 130}
    assert content(tmp_path) == {"log.csv": HEAD}
