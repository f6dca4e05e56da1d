"""Decide whether a pack may replace the folder that is there.

`pack` calls it before it checks or writes anything.
"""

from __future__ import annotations

import hashlib
import os
from typing import TYPE_CHECKING

from pbl.domain.errors import OutputError
from pbl.kaggle._metadata import DATASET_META, NOTEBOOK_META, is_unedited_dataset_metadata
from pbl.kaggle.notebook import SUMS, is_unedited, kernel_hash
from pbl.project.outputs import with_parts
from pbl.storage.files import hash_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator
    from pathlib import Path


def protect_inputs(output: Path, inputs: Iterable[Path], here: Path) -> None:
    """Raise OutputError if replacing the folder would remove an input, or the folder where the user works."""
    place = output.resolve()
    for path in (each for source in inputs for each in with_parts(source)):
        if place in (path.resolve(), *path.resolve().parents):
            raise OutputError(f"{output}: an input lies in it ({path}); name another folder with -o")
    if place in (here.resolve(), *here.resolve().parents):
        raise OutputError(f"{output}: is the working folder or one above it; name another folder with -o")


def protect_edits(output: Path) -> None:
    """Raise OutputError if the folder has something that `pack` didn't write, or that was changed since."""
    if not os.path.lexists(output):
        return
    if not output.is_dir():
        raise OutputError(f"{output}: is there already and is no folder; name another with -o")
    strange = sorted(_find_strange(output))
    if strange:
        first = ", ".join(strange[:3]) + (", ..." if strange[3:] else "")
        raise OutputError(
            f"{output}: is there already, and pbl pack did not write it so (not its own, or edited since: {first}); "
            "use --force to replace it, or name another folder with -o"
        )


def _find_strange(output: Path) -> Iterator[str]:
    """Name what in a folder is not as `pack` wrote it."""
    sums = output / "dataset" / SUMS
    try:
        lines = sums.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
        if any(output.iterdir()):
            yield f"dataset/{SUMS}"
    hashes = {line.partition("  ")[2]: line.partition("  ")[0] for line in lines}
    yield from (f"dataset/{each}" for each in hashes if not (output / "dataset" / each).is_file())
    for path in sorted(output.rglob("*")):
        inner = path.relative_to(output).as_posix()
        part, _, file = inner.partition("/")
        if path.is_dir() and not path.is_symlink():
            ours = inner in {"dataset", "notebook"}
        elif not path.is_file() or path.is_symlink():
            ours = False
        elif part == "dataset":
            ours = inner == f"dataset/{SUMS}" or hashes.get(file) == hash_file(path) or _is_ours(path)
        else:
            ours = part == "notebook" and _is_ours(path)
        if not ours:
            yield inner


def _is_ours(path: Path) -> bool:
    """Say whether metadata or a notebook is as `pack` writes it; the notebook has the hash of its metadata."""
    data = path.read_bytes()
    if path.suffix == ".ipynb":
        return is_unedited(data)
    if path.name == NOTEBOOK_META:
        digest = hashlib.sha256(data).hexdigest()
        return any(kernel_hash(each.read_bytes()) == digest for each in path.parent.glob("*.ipynb"))
    return path.name == DATASET_META and is_unedited_dataset_metadata(data)
