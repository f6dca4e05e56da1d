"""Publish whole folders or none: fill one beside its place, make it durable, and put it there in one move."""

from __future__ import annotations

import ctypes
import errno
import hashlib
import os
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.errors import OutputError
from pbl.storage.temporary import private_folder

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

_AT_FDCWD = -100
_EXCHANGE = 2
_CHUNK = 1 << 20


@contextmanager
def new_folder(target: Path) -> Iterator[Path]:
    """Give an empty folder that becomes `target` at the end, in one move; on any error nothing is changed.

    What `target` was before is removed. Raises OutputError where the disk, or a right, is not there.
    """
    place = Path(os.path.realpath(target))
    with private_folder(place.parent) as private, _plainly(target):
        made = private / "new"
        made.mkdir()
        yield made
        for folder in (*(path for path in made.rglob("*") if path.is_dir()), made):
            _sync(folder)
        _put(made, place)
        _sync(place.parent)


def fill(path: Path, chunks: Iterable[bytes]) -> tuple[int, str]:
    """Write a new file, durable and read back; return its size and its hash in hex."""
    digest = hashlib.sha256()
    with path.open("xb") as file:
        for chunk in chunks:
            file.write(chunk)
            digest.update(chunk)
        file.flush()
        os.fsync(file.fileno())
        size = file.tell()
    if sha256(path) != digest.hexdigest():
        raise OutputError(f"{path.name}: not written: the disk gives back other bytes than it was given")
    return size, digest.hexdigest()


def sha256(path: Path) -> str:
    """Return the hash of a file in hex."""
    digest = hashlib.sha256()
    with path.open("rb") as file:
        while chunk := file.read(_CHUNK):
            digest.update(chunk)
    return digest.hexdigest()


def _put(made: Path, place: Path) -> None:
    """Let the new folder change places with the old one, which then lies where the new one was made."""
    if not os.path.lexists(place):
        made.rename(place)
        return
    if _exchanged(made, place):
        return
    # No such call here: for a moment there is neither, and the old folder waits under a name that can be found.
    waiting = place.with_name(f"{place.name}.replaced-{os.urandom(4).hex()}")
    place.rename(waiting)
    try:
        made.rename(place)
    except OSError:
        waiting.rename(place)
        raise
    with suppress(OSError):
        waiting.rename(made)


def _exchanged(one: Path, other: Path) -> bool:
    """Exchange two folders in one step, where the system and the file system can; say whether it was done."""
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


def _sync(folder: Path) -> None:
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        os.fsync(fd)
    except OSError as error:
        if error.errno not in {errno.EINVAL, errno.EOPNOTSUPP}:
            raise
    finally:
        os.close(fd)


@contextmanager
def _plainly(target: Path) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        raise OutputError(f"{target}: not written: {error.strerror or error}") from error
