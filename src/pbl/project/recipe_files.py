"""Recipes on the disk: read one, see whether it fits a submission, and find the inputs that it names."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.errors import ChangedError, InputError, UnreadableError
from pbl.domain.recipe import FileFacts, Recipe, parse_recipe
from pbl.domain.wording import file_name
from pbl.storage.files import hash_file, read_bytes

if TYPE_CHECKING:
    from pathlib import Path


def load_recipe(path: Path) -> Recipe:
    """Read a recipe file; raise InputError if it isn't there or isn't one."""
    return parse_recipe(read_bytes(path), path)


def fits(submission: Path, recipe: Path) -> bool:
    """Say whether a recipe describes the submission: its size and hash are the file's."""
    try:
        output = parse_recipe(read_bytes(recipe), recipe).output
        return submission.stat().st_size == output.bytes and same_bytes(submission, output.sha256)
    except (InputError, OSError):
        return False


def find_inputs(recipe: Recipe, folder: Path, inputs: Path | None) -> dict[str | None, Path]:
    """Find each input of a recipe, the template as None; raise ChangedError naming all that are missing or changed."""
    wanted: list[tuple[str | None, FileFacts]] = [(i.name, i) for i in recipe.inputs]
    wanted += [(None, recipe.template)] if recipe.template else []
    if tables := [called for called, facts in wanted if called and facts.path is None]:
        told = ", ".join(tables)
        raise ChangedError(f"{told}: handed over in memory, and no file has it; this recipe can't be made again")
    candidates = _by_size(inputs) if inputs else {}
    found: dict[str | None, Path] = {}
    troubles = []
    for who, facts in wanted:
        path = folder / file_name(facts.path or "")
        trouble = _compare(path, facts.sha256)
        others = candidates.get(facts.bytes, ())
        match = next((p for p in others if same_bytes(p, facts.sha256)), None) if trouble else path
        if match:
            found[who] = match
        else:
            troubles.append(f"{who or 'the template'}: {path} {trouble}")
    if troubles:
        place = (
            f"; not found by hash in {inputs} either"
            if inputs
            else "; if the files lie elsewhere, name the folder with --inputs"
        )
        raise ChangedError("\n".join(troubles) + place)
    return found


def same_bytes(path: Path, sha256: str) -> bool:
    """Say whether a file has this hash; one that can't be read has not."""
    return not _compare(path, sha256)


def _compare(path: Path, sha256: str) -> str:
    """Say in what a file differs from the one with this hash; empty if in nothing."""
    try:
        now = hash_file(path)
    except UnreadableError as error:
        return f"{error.reason} (expected sha256 {sha256})"
    except (InputError, OSError):
        return f"is missing (expected sha256 {sha256})"
    return "" if now == sha256 else f"has changed: expected sha256 {sha256}, found {now}"


def _by_size(folder: Path) -> dict[int, list[Path]]:
    sizes: dict[int, list[Path]] = {}
    for path in sorted(folder.rglob("*")):
        if _regular(path):
            sizes.setdefault(path.stat().st_size, []).append(path)
    return sizes


def _regular(path: Path) -> bool:
    try:
        return path.is_file()
    except OSError:
        return False
