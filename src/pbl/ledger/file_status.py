"""Look whether the files of a run are still there, and still the ones it was made of."""

from __future__ import annotations

import hashlib
import os
import stat
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import InputError
from pbl.domain.recipe import Recipe, parse_recipe, recipe_path
from pbl.ledger.log_format import typed
from pbl.storage.files import read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

_GLANCE = 64 << 20
_NEWEST = 200


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A file of a run: `status` is unchanged, changed, missing, or unknown where nothing says where it lay."""

    what: str
    path: Path | None
    sha256: str
    status: str

    def to_json(self) -> dict[str, Any]:
        """Return it in the public form."""
        path = None if self.path is None else str(self.path)
        return {"what": self.what, "path": path, "sha256": self.sha256, "status": self.status}


@dataclass(kw_only=True)
class _Hashes:
    """The hashes of files as they are now, each taken once; at most `budget` bytes are read."""

    budget: int | None
    known: dict[Path, str | None] = field(default_factory=dict)

    def of(self, path: Path) -> str | None:
        """Return a file's hash, empty if it isn't there, None if it is too large to be read now."""
        if path not in self.known:
            self.known[path] = self._hash(path)
        return self.known[path]

    def _hash(self, path: Path) -> str | None:
        try:
            fd = os.open(path, os.O_RDONLY | os.O_NONBLOCK | os.O_CLOEXEC | os.O_NOCTTY)
        except (OSError, ValueError):
            return ""
        try:
            about = os.fstat(fd)
            if not stat.S_ISREG(about.st_mode):
                return ""
            if self.budget is not None:
                if about.st_size > self.budget:
                    return None
                self.budget -= about.st_size
            digest = hashlib.sha256()
            while chunk := os.read(fd, 1 << 20):
                digest.update(chunk)
            return digest.hexdigest()
        except OSError:
            return ""
        finally:
            os.close(fd)


def files_of(cells: Mapping[str, str], logs: Path) -> list[Kept]:
    """Return the files that a run's row speaks of, as they are now; the recipe beside it knows their places."""
    wanted, hashes = cells.get("submission_sha256", ""), _Hashes(budget=None)
    if not wanted:
        return []
    place = _place(cells, logs)
    recipe = _recipe(place) if place else None
    paths = _paths(recipe, place) if recipe and place else {}
    files = [("submission", place, wanted)]
    inputs: Mapping[str, str] = typed("inputs", cells.get("inputs", "")) or {}
    files += [(name, paths.get(name), sha256) for name, sha256 in inputs.items()]
    if recipe and recipe.template and recipe.template.path and place and recipe.output.sha256 == wanted:
        files.append(("template", place.parent / recipe.template.path, recipe.template.sha256))
    return [
        Kept(what=what, path=path, sha256=sha256, status=_status(path, sha256, hashes)) for what, path, sha256 in files
    ]


def changed_inputs(rows: Sequence[tuple[str, Mapping[str, str]]], logs: Path) -> list[str]:
    """Tell which input files are no longer those that runs (id and cells, the newest last) were made of.

    Only the newest submissions are looked at, and files of some size; `files_of` looks at all.
    """
    hashes = _Hashes(budget=_GLANCE)
    places: dict[str, dict[str, Path]] = {}
    changed: dict[tuple[str, Path], dict[str, None]] = {}
    for run_id, cells in reversed(rows):
        submission = cells.get("submission", "")
        if not submission or not cells.get("inputs"):
            continue
        if submission not in places:
            if len(places) >= _NEWEST:
                continue
            place = _place(cells, logs)
            recipe = _recipe(place) if place else None
            places[submission] = _paths(recipe, place) if recipe and place else {}
        if paths := places[submission]:
            for name, sha256 in (typed("inputs", cells["inputs"]) or {}).items():
                if name in paths and hashes.of(paths[name]) not in {"", None, sha256}:
                    changed.setdefault((name, paths[name]), {})[run_id] = None
    return list(_told(changed))


def _told(changed: Mapping[tuple[str, Path], Mapping[str, None]]) -> Iterable[str]:
    for (name, path), runs in changed.items():
        newest = next(iter(runs))
        which = f"run {newest}" if len(runs) == 1 else f"{len(runs):,} runs, the last of them {newest},"
        yield f"{path} has changed: it is not the {name} that {which} {'was' if len(runs) == 1 else 'were'} made of"


def _place(cells: Mapping[str, str], logs: Path) -> Path | None:
    text = cells.get("submission", "")
    return logs.parent / text if text and "\0" not in text else None


def _recipe(submission: Path) -> Recipe | None:
    path = recipe_path(submission)
    try:
        return parse_recipe(read_bytes(path), path)
    except (InputError, ValueError):
        return None


def _paths(recipe: Recipe, submission: Path) -> dict[str, Path]:
    folder = submission.parent
    return {each.name: Path(os.path.normpath(folder / each.path)) for each in recipe.inputs if each.path}


def _status(path: Path | None, sha256: str, hashes: _Hashes) -> str:
    if path is None:
        return "unknown"
    now = hashes.of(path)
    return "missing" if now == "" else "unchanged" if now == sha256 else "changed"
