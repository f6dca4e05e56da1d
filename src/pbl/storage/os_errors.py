"""The system's errors in words.

Every writer of this room uses them, so that a full disk has the same message everywhere.
"""

from __future__ import annotations

import errno
from contextlib import contextmanager
from typing import TYPE_CHECKING

from pbl.domain.errors import LogError, OutputError

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from pbl.domain.errors import PblError

NO_LOCKS = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EBADF}
"""The errors of a file system that has no locks."""
NO_FSYNC = {errno.EINVAL, errno.EOPNOTSUPP}
"""The errors of a file system that can't make entries durable."""
NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
"""The errors of a file system that has no hard links."""

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
def explain_os_errors(name: Path, kind: type[PblError] = OutputError) -> Iterator[None]:
    """Turn an OSError into an error that names the file and says why it was not written."""
    try:
        yield
    except OSError as error:
        message = f"{name}: not {'logged' if kind is LogError else 'written'}: {explain(error)}"
        raise kind(message) from error


def explain(error: OSError) -> str:
    """Return in words why the system refused to write something."""
    return _REASONS.get(error.errno or 0) or (error.strerror or str(error))


@contextmanager
def tolerate(numbers: set[int]) -> Iterator[None]:
    """Ignore the errors of a file system that lacks a function."""
    try:
        yield
    except OSError as error:
        if error.errno not in numbers:
            raise
