"""Compare the files of a run with those on the disk: unchanged, changed or missing.

`runs show` prints it for one run; `history` warns about the newest runs.
"""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import InputError
from pbl.domain.recipe import Recipe, parse_recipe, recipe_path
from pbl.ledger.log_format import decode_typed, text_path
from pbl.storage.files import hash_descriptor, open_regular, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pbl.domain.run_row import RunRow

_GLANCE = 64 << 20
_NEWEST = 200


@dataclass(frozen=True, kw_only=True)
class Kept:
    """A file of a run: `status` is unchanged, changed, missing, or unknown if no path is recorded."""

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
    """The current hashes of files, each computed once; at most `budget` bytes are read."""

    budget: int | None
    known: dict[Path, str | None] = field(default_factory=dict)

    def of(self, path: Path) -> str | None:
        """Return a file's hash, empty if it isn't there, None if it is too large to be read now."""
        if path not in self.known:
            self.known[path] = self._hash(path)
        return self.known[path]

    def _hash(self, path: Path) -> str | None:
        try:
            fd = open_regular(path)
        except (InputError, OSError):
            return ""
        try:
            if self.budget is not None:
                size = os.fstat(fd).st_size
                if size > self.budget:
                    return None
                self.budget -= size
            return hash_descriptor(fd)
        except OSError:
            return ""
        finally:
            os.close(fd)


def files_of(row: RunRow, logs: Path) -> list[Kept]:
    """Return the current status of the files in a run's row; the recipe beside the submission has their paths."""
    wanted, hashes = row.submission_sha256, _Hashes(budget=None)
    if not wanted:
        return []
    place = place_of(row, logs)
    recipe = _recipe(place) if place else None
    paths = _paths(recipe, place) if recipe and place else {}
    files = [("submission", place, wanted)]
    files += [(name, paths.get(name), sha256) for name, sha256 in (row.inputs or {}).items()]
    if recipe and recipe.template and recipe.template.path and place and recipe.output.sha256 == wanted:
        files.append(("template", place.parent / recipe.template.path, recipe.template.sha256))
    return [
        Kept(what=what, path=path, sha256=sha256, status=_status(path, sha256, hashes)) for what, path, sha256 in files
    ]


def changed_inputs(rows: Sequence[tuple[str, RunRow]], logs: Path) -> list[str]:
    """Name the input files that have changed since runs (id and row, the newest last) were made of them.

    Only the newest submissions are compared, and 64 MiB of files in all; `files_of` compares all.
    """
    hashes = _Hashes(budget=_GLANCE)
    places: dict[str, dict[str, Path]] = {}
    changed: dict[tuple[str, Path], dict[str, None]] = {}
    for run_id, row in reversed(rows):
        submission = row.submission
        if not submission or not row.inputs:
            continue
        if submission not in places:
            if len(places) >= _NEWEST:
                continue
            place = place_of(row, logs)
            recipe = _recipe(place) if place else None
            places[submission] = _paths(recipe, place) if recipe and place else {}
        if paths := places[submission]:
            for name, sha256 in row.inputs.items():
                if name in paths and hashes.of(paths[name]) not in {"", None, sha256}:
                    changed.setdefault((name, paths[name]), {})[run_id] = None
    return list(_describe(changed))


def place_of(row: RunRow, logs: Path) -> Path | None:
    """Return where a run's submission was when it was logged, None if it has none."""
    text = row.submission
    return logs.parent / text_path(text) if text and "\0" not in text else None


def _describe(changed: Mapping[tuple[str, Path], Mapping[str, None]]) -> Iterable[str]:
    for (name, path), runs in changed.items():
        newest = next(iter(runs))
        which = f"run {newest}" if len(runs) == 1 else f"{len(runs):,} runs, the last of them {newest},"
        yield f"{path} has changed: it is not the {name} that {which} {'was' if len(runs) == 1 else 'were'} made of"


def _recipe(submission: Path) -> Recipe | None:
    path = recipe_path(submission)
    try:
        return parse_recipe(read_bytes(path), path)
    except (InputError, ValueError):
        return None


def _paths(recipe: Recipe, submission: Path) -> dict[str, Path]:
    folder = submission.parent
    return {
        decode_typed(name): Path(os.path.normpath(folder / text_path(each.path)))
        for pillar in recipe.inputs
        for name, each in pillar.files.items()
        if each.path
    }


def _status(path: Path | None, sha256: str, hashes: _Hashes) -> str:
    if path is None:
        return "unknown"
    now = hashes.of(path)
    return "missing" if now == "" else "unchanged" if now == sha256 else "changed"
