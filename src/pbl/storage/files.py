"""Open, read and hash regular files; open folders and make them durable.

Every file that pbl reads is opened here, so that a folder, device or pipe is refused and nothing waits for one.
"""

from __future__ import annotations

import errno
import hashlib
import os
import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError, UnreadableError
from pbl.storage.locks import lock
from pbl.storage.os_errors import NO_FSYNC, tolerate

if TYPE_CHECKING:
    from pathlib import Path

_CHUNK = 1 << 20
_LIMIT = 256 << 20
_LOCK_TRIES = 200
_KINDS = {
    stat.S_IFDIR: "a folder",
    stat.S_IFIFO: "a FIFO (named pipe)",
    stat.S_IFCHR: "a device",
    stat.S_IFBLK: "a device",
    stat.S_IFSOCK: "a socket",
}


def open_regular(path: Path) -> int:
    """Open a regular file for reading and return its descriptor.

    Raises InputError if there is no such file, and UnreadableError if it can't be opened or isn't a regular file.
    """
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except (FileNotFoundError, ValueError) as error:  # a name that no file can have, such as one with a NUL
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        if error.errno == errno.ENXIO:  # a socket, or a device that isn't there
            raise _irregular(path, path.stat().st_mode) from error
        remedy = "; raise the limit, ulimit -n" if error.errno == errno.EMFILE else ""
        raise UnreadableError(path, f"cannot be opened: {error.strerror}{remedy}") from error
    mode = os.fstat(fd).st_mode
    if not stat.S_ISREG(mode):
        os.close(fd)
        raise _irregular(path, mode)
    return fd


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a regular file while nobody appends to it.

    The lock is not waited for longer than two seconds. Raises InputError for what `open_regular` refuses, for what
    can't be read, and for more than 256 MiB.
    """
    fd = open_regular(path)
    try:
        size = os.fstat(fd).st_size
        if size > _LIMIT:
            raise InputError(f"{path}: has {size:,} bytes, more than the {_LIMIT:,} that are read")
        with suppress(OSError):
            lock(fd, shared=True, tries=_LOCK_TRIES)
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(_LIMIT)
    except OSError as error:
        raise UnreadableError(path, f"cannot be read: {error.strerror}") from error
    finally:
        os.close(fd)


def hash_file(path: Path) -> str:
    """Return the SHA-256 of a regular file in hex; raise InputError for what can't be opened or read."""
    fd = open_regular(path)
    try:
        return hash_descriptor(fd)
    except OSError as error:
        raise UnreadableError(path, f"cannot be read: {error.strerror}") from error
    finally:
        os.close(fd)


def hash_descriptor(fd: int) -> str:
    """Return the SHA-256 of an open file in hex, from its first byte on; its position doesn't change."""
    digest = hashlib.sha256()
    at = 0
    while chunk := os.pread(fd, _CHUNK, at):
        digest.update(chunk)
        at += len(chunk)
    return digest.hexdigest()


def open_folder(folder: Path) -> int:
    """Open a folder, to lock it or to make its entries durable, and return its descriptor."""
    return os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder durable."""
    fd = open_folder(folder)
    try:
        sync_entries(fd)
    finally:
        os.close(fd)


def sync_entries(fd: int) -> None:
    """Make the entries of an open folder durable; do nothing if the file system can't."""
    with tolerate(NO_FSYNC):
        os.fsync(fd)


def is_open_as(path: Path, fd: int) -> bool:
    """Say whether a path names the file that is open."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except OSError:
        return False


def same_file(one: Path, other: Path) -> bool:
    """Say whether two paths lead to the same file; if that can't be looked up, whether the paths are the same."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def write_all(fd: int, data: bytes) -> None:
    """Write all of the bytes, in as many calls as it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


def _irregular(path: Path, mode: int) -> UnreadableError:
    return UnreadableError(path, f"is {_KINDS.get(stat.S_IFMT(mode), 'no file')}, not a regular file")
