"""Publish folders whole or not at all.

`pack` fills one beside its final place; then it is made durable and moved there in one step.
"""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.errors import OutputError
from pbl.storage.files import hash_descriptor, sync_folder
from pbl.storage.os_errors import explain_os_errors
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_AT_FDCWD = -100
_EXCHANGE = 2


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `target` at the end, in one step; on any error nothing is changed.

    The former `target` is removed. Raises OutputError if the system refuses a write.
    """
    place = Path(os.path.realpath(target))
    with private_folder(place.parent) as private, explain_os_errors(target):
        made = private / "new"
        made.mkdir()
        yield made
        for folder in (*(path for path in made.rglob("*") if path.is_dir()), made):
            sync_folder(folder)
        _put(made, place)
        sync_folder(place.parent)


def fill(path: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    """Write a new file, durable and read back; return its size and its hash in hex."""
    digest = hashlib.sha256()
    with path.open("x+b") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
        back = hash_descriptor(file.fileno())
    if back != digest.hexdigest():
        raise OutputError(f"{path.name}: not written: the disk gives back other bytes than it was given")
    return size, digest.hexdigest()


def _put(made: Path, place: Path) -> None:
    """Exchange the new folder and the old one, which is then where the new one was made."""
    if not os.path.lexists(place):
        made.rename(place)
        return
    if _exchange(made, place):
        return
    # There is no such call here: for a moment neither is in place, and the old folder waits under a name beside it.
    waiting = place.with_name(f"{place.name}.replaced-{os.urandom(4).hex()}")
    place.rename(waiting)
    try:
        made.rename(place)
    except OSError:
        waiting.rename(place)
        raise
    with suppress(OSError):
        waiting.rename(made)


def _exchange(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, if the system and the file system can; say whether it was done."""
    try:
        call = ctypes.CDLL(None, use_errno=True).renameat2
    except (AttributeError, OSError, TypeError):
        return False
    if call(_AT_FDCWD, os.fsencode(one), _AT_FDCWD, os.fsencode(other), _EXCHANGE) == 0:
        return True
    number = ctypes.get_errno()
    if number in {errno.ENOSYS, errno.EINVAL, errno.EOPNOTSUPP, errno.EXDEV}:
        return False
    raise OSError(number, os.strerror(number))
