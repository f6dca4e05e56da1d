"""Names for files that are written: the file that a path means, and temporary names beside it.

`commit` writes a file under a temporary name first, and moves old files aside under others.
"""

from __future__ import annotations

import os
import stat
import zlib
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pbl.domain.errors import OutputError

if TYPE_CHECKING:
    from pbl.domain.errors import PblError

_LONG_NAME = 100


class Waiting(NamedTuple):
    """Where the old submission, the old recipe and the new recipe wait while the pair changes."""

    old: Path
    aside: Path
    fresh: Path


def resolve_target(path: Path, kind: type[PblError]) -> tuple[Path, os.stat_result | None]:
    """Return the file that a path names, through symbolic links, and its status if it exists.

    Raises `kind` if something other than a regular file is there, or no file can be.
    """
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


def name_temporary(target: Path) -> Path:
    """Name a temporary beside a file, at random."""
    return _name_beside(target, f"{os.urandom(8).hex()}.pbl-tmp")


def name_waiting(submission: Path, recipe: Path) -> Waiting:
    """Name where the files of a pair wait; every process gives the same names."""
    return Waiting(
        old=_name_beside(submission, "pbl-old"),
        aside=_name_beside(recipe, "pbl-old"),
        fresh=_name_beside(recipe, "pbl-new"),
    )


def name_next(owner: Path, ending: str) -> Path:
    """Name the first of `owner`.`ending`-1, -2, ... that doesn't exist yet."""
    names = (owner.with_name(f"{owner.name}.{ending}-{n}") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))


def _name_beside(target: Path, ending: str) -> Path:
    """Name a file beside another one, short enough for any file system (eCryptfs allows 143 bytes)."""
    name = os.fsencode(target.name)
    short = target.name if len(name) <= _LONG_NAME else f"{name[:90].decode(errors='ignore')}.{zlib.crc32(name):08x}"
    return target.with_name(f".{short}.{ending}")
