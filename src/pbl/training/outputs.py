"""Write the files of a fitted pillar: all of them whole and durable before the first one takes its place.

The last step of `fit`. A file that is there is replaced if it is this pillar's own and unchanged, or by `force`.
"""

from __future__ import annotations

import os
from hashlib import sha256
from typing import TYPE_CHECKING, Any

from pbl.domain.endings import CSV
from pbl.domain.errors import InputError, OutputError
from pbl.project.outputs import refuse_ending, refuse_sources
from pbl.storage.atomic_write import write_whole
from pbl.storage.commit import Drafts
from pbl.storage.files import hash_file, read_bytes
from pbl.training.errors import FittedError
from pbl.training.fitted_file import decode

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path


def write_files(
    folder: Path, files: Mapping[str, bytes], *, inputs: Sequence[Path] = (), force: bool = False
) -> list[dict[str, Any]]:
    """Write the files, the fitted pillar first in `files`, and return the name, path, bytes and hash of each.

    Raises OutputError for a file that isn't this pillar's own, and where one can't be written whole.
    """
    for name in files:
        refuse_sources(folder / name, inputs)
    there = {name for name in files if os.path.lexists(folder / name)}
    if not force:
        _check_own(folder, files)
    folder.mkdir(parents=True, exist_ok=True)
    with Drafts() as drafts:
        made = []
        for name, data in files.items():
            draft = drafts.new(folder / name)
            draft.write(data)
            draft.sync()
            if draft.sha256() != sha256(data).hexdigest():
                raise OutputError(f"{folder / name}: not written: the disk gives back other bytes than it was given")
            made.append((name, draft))
        for name, draft in reversed(made):  # the fitted pillar last: it says which files are its own
            drafts.publish(draft, replace=force or name in there)
    return [
        {"name": name, "path": str(folder / name), "bytes": len(data), "sha256": sha256(data).hexdigest()}
        for name, data in files.items()
    ]


def write_submission(path: Path, data: bytes, *, inputs: Sequence[Path] = (), force: bool = False) -> dict[str, Any]:
    """Write a submission and return its path and hash; raise OutputError where other predictions are there."""
    refuse_sources(path, inputs)
    refuse_name(path)
    digest, there = sha256(data).hexdigest(), os.path.lexists(path)
    if not force and there and hash_file(path) != digest:
        raise OutputError(f"{path}: is there with other content; name another file with -o, or --force")
    write_whole(path, data, replace=there or force)
    return {"path": str(path), "sha256": digest}


def refuse_name(path: Path) -> None:
    """Raise OutputError for a submission's name that says another form than CSV."""
    refuse_ending(path, (CSV,), "predictions are written as CSV")


def _check_own(folder: Path, files: Mapping[str, bytes]) -> None:
    """Raise OutputError for a file that is there and was not written beside the fitted pillar that is there."""
    first, *others = files
    own: Mapping[str, str] = {}
    if os.path.lexists(folder / first):
        try:
            own = decode(read_bytes(folder / first)).beside
        except (FittedError, InputError) as error:
            raise _refusal(folder / first) from error
    for name in others:
        if os.path.lexists(folder / name):
            found = hash_file(folder / name)
            if found not in {own.get(name), sha256(files[name]).hexdigest()}:
                raise _refusal(folder / name)


def _refusal(path: Path) -> OutputError:
    return OutputError(f"{path}: is there, and not as a fit left it; name another --pillar or folder, or --force")
