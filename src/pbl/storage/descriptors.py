"""How many files the process may have open, and how many it has.

`reading` asks for a folder of parts, `checks` before the database opens the same parts once more.
"""

from __future__ import annotations

import os
import resource
from contextlib import suppress

_SPARE = 128
"""Descriptors that are kept for everything else."""
_FEW = 16
"""Descriptors that everything else needs at least."""


def allow_open(number: int) -> None:
    """Let the process open so many more files, if the system allows it."""
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    wanted = _count_open() + number + _SPARE
    if soft != resource.RLIM_INFINITY and wanted > soft:
        with suppress(OSError, ValueError):
            resource.setrlimit(
                resource.RLIMIT_NOFILE, (wanted if hard == resource.RLIM_INFINITY else min(wanted, hard), hard)
            )


def can_open(number: int) -> bool:
    """Say whether so many more files can be open at the same time."""
    soft, _ = resource.getrlimit(resource.RLIMIT_NOFILE)
    return soft == resource.RLIM_INFINITY or _count_open() + number + _FEW <= soft


def _count_open() -> int:
    return len(os.listdir("/proc/self/fd")) if os.path.isdir("/proc/self/fd") else _SPARE  # noqa: PTH112, PTH208 - calls of the system
