"""Temporary files and folders, removed however the process ends.

`commit` lists its drafts here, engine and checks spill into `private_folder`; `__main__` sweeps as the process ends.
"""

from __future__ import annotations

import os
import threading
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.storage.os_errors import explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

live: dict[Path, None] = {}
"""The temporaries that exist."""
resumable: list[Path] = []
"""Folders that keep finished work, from which the same command can go on."""
critical_section = threading.RLock()
"""Held while work must not stop half-way, and by `sweep` for good."""

_SWEEP_S = 0.6


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """Give a folder in `beside` that only this user can open, and remove it and its content at the end."""
    with explain_os_errors(beside):
        folder = Path(os.path.realpath(beside)) / f".{os.urandom(8).hex()}.pbl-tmp"
        try:
            with critical_section:
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


def sweep() -> bool:
    """Remove every temporary of this process, just before it ends; any thread may call it, and it never raises.

    A commit or an append that has begun gets half a second; none can begin afterwards. A folder of many gigabytes would
    take seconds: what remains after 0.6 s is left to a process that outlives this one. Say whether nothing remains.
    """
    with suppress(Exception):
        critical_section.acquire(timeout=0.5)
        removing = threading.Thread(target=drop, args=list(live), daemon=True)
        removing.start()
        removing.join(_SWEEP_S)
        if not removing.is_alive():
            return True
        left = [path for path in list(live) if os.path.lexists(path)]
        try:
            _leave_to_another(left)
        except OSError:
            removing.join()
        else:
            return not left
    return True


def drop(*paths: Path) -> None:
    """Remove files and folders if that is possible."""
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
        # Under another name nothing new can be put into it, except by writers that have opened it already.
        gone = path.with_name(f".{os.urandom(8).hex()}.pbl-tmp")
        if path in live:
            live[gone] = None
        path.rename(gone)
        while inside := list(gone.iterdir()):
            for each in inside:
                with suppress(FileNotFoundError):
                    _remove(each)
        gone.rmdir()
        live.pop(gone, None)


def _leave_to_another(paths: Iterable[Path]) -> None:
    """Have files and folders removed by a separate process, which neither signals nor a closed terminal reach."""
    script = 'for _ in 1 2 3; do rm -rf -- "$@" && exit; sleep 1; done'  # again, if something came in meanwhile
    streams = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    closing = ((os.POSIX_SPAWN_CLOSE, fd) for fd in _list_inheritable())  # a lock must not outlive us
    os.posix_spawnp(
        "sh",
        ["sh", "-c", script, "sh", *map(str, paths)],
        os.environ,  # noqa: TID251 - handed on, not asked
        file_actions=[*streams, *closing],
        setsid=True,
        setsigmask=[],
    )


def _list_inheritable() -> Iterator[int]:
    """Yield the descriptors, except the standard streams, that another program would inherit."""
    for entry in Path("/dev/fd").iterdir():
        with suppress(OSError):
            if int(entry.name) not in {0, 1, 2} and os.get_inheritable(int(entry.name)):
                yield int(entry.name)
