"""Temporaries, of which none is left, however the process ends."""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.disk import plainly

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

live: dict[Path, None] = {}
"""The temporaries that are there."""
gate = threading.RLock()
"""Held where stopping half-way would leave something half done, and by `sweep` for good."""

_SWEEP_S = 0.3
_GONE = ".gone.pbl-tmp"


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """Give a folder in the folder `beside` that only this user can open, and remove it with all that is in it."""
    with plainly(beside):
        folder = Path(os.path.realpath(beside)) / f".{os.urandom(8).hex()}.pbl-tmp"
        try:
            with gate:
                live[folder] = None
                folder.mkdir(mode=0o700)
        except BaseException:
            live.pop(folder, None)
            raise
    try:
        yield folder
    finally:
        drop(folder)
        live.pop(folder, None)


def sweep() -> None:
    """Remove every temporary of this process, just before it ends; callable from any thread, never raises.

    A commit or an append under way is given half a second; nothing can begin after it. A folder of many gigabytes would
    take seconds: what is left of one after a third of a second is left to a process that outlives this one.
    """
    with suppress(Exception):
        gate.acquire(timeout=0.5)
        gone = [_aside(path) if path.is_dir() else path for path in list(live)]
        removing = threading.Thread(target=drop, args=gone, daemon=True)
        removing.start()
        removing.join(_SWEEP_S)
        if removing.is_alive():
            _leave_to_another(filter(os.path.lexists, gone))


def drop(*paths: Path) -> None:
    """Remove files and folders, as far as that is possible."""
    for path in paths:
        for _ in range(3):
            try:
                _remove(path)
            except FileNotFoundError:
                break
            except OSError:
                continue
            break


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except (IsADirectoryError, PermissionError):
        if not path.name.endswith(_GONE):
            path = _aside(path)
        while inside := list(path.iterdir()):
            for each in inside:
                with suppress(FileNotFoundError):
                    _remove(each)
        path.rmdir()


def _aside(folder: Path) -> Path:
    """Rename a folder: nobody can put anything into it any more, but for those who are about to."""
    return folder.rename(folder.with_name(f".{os.urandom(8).hex()}{_GONE}"))


def _leave_to_another(paths: Iterable[Path]) -> None:
    """Have files and folders removed by a process of its own, which neither signals nor a closed terminal reach."""
    script = 'for _ in 1 2 3; do rm -rf -- "$@" && exit; sleep 1; done'  # again, if something came in meanwhile
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    os.posix_spawnp(
        "sh", ["sh", "-c", script, "sh", *map(str, paths)], {}, file_actions=null, setsid=True, setsigmask=[]
    )
