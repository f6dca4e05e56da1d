"""A draft: a temporary file beside the file that it will become.

`commit` makes drafts and publishes them; blending writes into them.
"""

from __future__ import annotations

import os
from contextlib import contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.storage.files import hash_descriptor, write_all
from pbl.storage.os_errors import explain_os_errors

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A temporary, `path` and `fd`, that will become the file `target` (`name` is the user's name for it)."""

    name: Path
    target: Path
    path: Path
    fd: int

    @property
    def size(self) -> int:
        """Return the current size in bytes."""
        return os.fstat(self.fd).st_size

    @contextmanager
    def explain_os_errors(self) -> Iterator[None]:
        """Turn the system's errors in writing the file into an OutputError."""
        with explain_os_errors(self.name):
            yield

    def write(self, data: bytes) -> None:
        """Write all of the bytes at the file's position."""
        with self.explain_os_errors():
            write_all(self.fd, data)

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """Read the file back from its start, also if the database or polars wrote it."""
        at = 0
        with self.explain_os_errors():
            while chunk := os.pread(self.fd, size, at):
                yield chunk
                at += len(chunk)

    def sha256(self) -> str:
        """Read the file back and return its hash in hex."""
        with self.explain_os_errors():
            return hash_descriptor(self.fd)

    def sync(self) -> None:
        """Make the bytes durable early, as it takes some time; `publish` makes sure of it."""
        with self.explain_os_errors():
            os.fsync(self.fd)
