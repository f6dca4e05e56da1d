"""What a file system does and refuses, each call in plain words."""

from __future__ import annotations

import errno
import fcntl
import os
import stat
import time
from contextlib import contextmanager
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.errors import InputError, LogError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pbl.domain.errors import PblError

NO_LOCKS = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EBADF}
"""The errors of a file system that has no locks."""
NO_FSYNC = {errno.EINVAL, errno.EOPNOTSUPP}
"""The errors of one that has nothing to make durable."""

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EIO: "the disk reports an input/output error",
    errno.EFBIG: "the file would be larger than the limit on file sizes",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "it is a circle of symbolic links",
    errno.EISDIR: "it is a folder",
    errno.ENOENT: "the folder isn't there",
    errno.ENOTDIR: "the folder isn't a folder",
}


@contextmanager
def plainly(name: Path, kind: type[PblError] = OutputError) -> Iterator[None]:
    """Turn what the system refuses into an error that names the file, and why it was not written."""
    try:
        yield
    except OSError as error:
        message = f"{name}: not {'logged' if kind is LogError else 'written'}: {reason(error)}"
        raise kind(message) from error


def reason(error: OSError) -> str:
    """Return in words why the system refused something."""
    return _REASONS.get(error.errno or 0) or (error.strerror or str(error))


def regular(path: Path, kind: type[PblError]) -> tuple[Path, os.stat_result | None]:
    """Return what a path names, through symbolic links, and about it, if it is there; only a file can be, or `kind`."""
    if "\0" in str(path):
        message = f"{str(path)!r}: a file's name can't have a NUL character"
        raise kind(message)
    try:
        there = path.stat()
    except FileNotFoundError:
        return Path(os.path.realpath(path)), None
    if stat.S_ISDIR(there.st_mode):
        message = f"{path}: is a folder; name a file"
        raise kind(message)
    if not stat.S_ISREG(there.st_mode):
        message = f"{path}: is no regular file, so it can't be written whole or not at all"
        raise kind(message + ("; `--output -` writes to stdout" if kind is OutputError else ""))
    return Path(os.path.realpath(path)), there


@contextmanager
def tolerating(errors: set[int]) -> Iterator[None]:
    """Pass over what a file system doesn't have."""
    try:
        yield
    except OSError as error:
        if error.errno not in errors:
            raise


def sync_folder(folder: Path) -> None:
    """Make the entries of a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with tolerating(NO_FSYNC):
            os.fsync(fd)
    finally:
        os.close(fd)


def numbered(owner: Path, ending: str) -> Path:
    """Name the first file that isn't there yet."""
    names = (owner.with_name(f"{owner.name}.{ending}-{n}") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))


def is_open_as(path: Path, fd: int) -> bool:
    """Say whether a path names the very file that is open."""
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except OSError:
        return False


def write_all(fd: int, data: bytes) -> None:
    """Write all of the bytes, in as many calls as it takes."""
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


_LIMIT = 256 << 20


def read_bytes(path: Path) -> bytes:
    """Return the bytes of a regular file while nobody appends to it; raise InputError for anything else."""
    try:
        fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
    except FileNotFoundError as error:
        raise InputError(f"{path}: no such file") from error
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    try:
        about = os.fstat(fd)
        if not stat.S_ISREG(about.st_mode):
            raise InputError(f"{path}: is a folder or a device, not a regular file")
        if about.st_size > _LIMIT:
            raise InputError(f"{path}: has {about.st_size:,} bytes, more than the {_LIMIT:,} that are read")
        _share(fd)
        with os.fdopen(fd, "rb", closefd=False) as file:
            return file.read(_LIMIT)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    finally:
        os.close(fd)


def _share(fd: int) -> None:
    """Wait a while for who appends; where there are no locks, or one is kept, read what is there."""
    for _ in range(200):
        try:
            fcntl.flock(fd, fcntl.LOCK_SH | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.01)
        except OSError:
            return
        else:
            return
