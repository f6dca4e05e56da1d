"""Read a recipe from the disk, compare it with a submission, and find the inputs that it names.

`blending.replay` and `ledger` begin here.
"""

from __future__ import annotations

import stat
from contextlib import suppress
from typing import TYPE_CHECKING

from pbl.domain.errors import ChangedError, InputError, UnreadableError
from pbl.domain.recipe import FileFacts, Recipe, parse_recipe
from pbl.domain.wording import file_name, plural
from pbl.reading.parquet import list_parts
from pbl.storage.files import hash_file, read_bytes

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

_SHOWN = 3


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
    """Find each file of a recipe, by the name that `Ingredient.files` gives it, the template as None.

    Raises ChangedError that names all missing or changed files.
    """
    wanted: list[tuple[str | None, FileFacts]] = [each for i in recipe.inputs for each in i.files.items()]
    wanted += [(None, recipe.template)] if recipe.template else []
    if tables := [called for called, facts in wanted if called and facts.path is None]:
        told = ", ".join(tables)
        raise ChangedError(f"{told}: handed over in memory, and no file has it; this recipe can't be made again")
    candidates = _by_size(inputs) if inputs else {}
    found: dict[str | None, Path] = {}
    troubles = []
    for who, facts in wanted:
        path = folder / file_name(facts.path or "")
        trouble = _compare_facts(path, facts)
        match = next(_find_alike(candidates, facts), None) if trouble else path
        if match:
            found[who] = match
        else:
            troubles.append(f"{who or 'the template'}: {path} {trouble}")
    if troubles:
        place = "if the files lie elsewhere, name the folder with --inputs"
        if inputs:
            place = (
                f"not found by hash in {inputs} either" if inputs.is_dir() else f"{inputs}: no such folder (--inputs)"
            )
        raise ChangedError("\n".join(troubles) + f"; {place}")
    return found


def same_bytes(path: Path, sha256: str) -> bool:
    """Say whether a file has this hash; no if it can't be read."""
    return not _compare(path, sha256)


def _find_alike(candidates: Mapping[int, Sequence[Path]], facts: FileFacts) -> Iterator[Path]:
    """Yield the files, or folders of parts, that have a recipe's hashes."""
    if not facts.parts:
        yield from (path for path in candidates.get(facts.bytes, ()) if same_bytes(path, facts.sha256))
        return
    for path in candidates.get(facts.parts[0].bytes, ()):
        if not _compare_facts(path.parent, facts):
            yield path.parent


def _compare_facts(path: Path, facts: FileFacts) -> str:
    """Return in words how a file, or a folder of parts, differs from the recipe; an empty text if it doesn't."""
    if not facts.parts:
        return _compare(path, facts.sha256)
    try:
        there = {part.name: part for part in list_parts(path)}
    except InputError as error:
        return f"is not the folder of {plural(len(facts.parts), 'part')} that it was: {error}"
    wanted = {file_name(part.path or ""): part.sha256 for part in facts.parts}
    if more := sorted(there.keys() - wanted.keys()):
        return f"has parts that it had not: {', '.join(more[:_SHOWN])}"
    found = [(name, _compare(path / name, sha256)) for name, sha256 in wanted.items()]
    return "; ".join(f"{name} {trouble}" for name, trouble in [each for each in found if each[1]][:_SHOWN])


def _compare(path: Path, sha256: str) -> str:
    """Return in words how a file differs from the one with this hash; an empty text if it doesn't."""
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
        with suppress(OSError):
            about = path.stat()
            if stat.S_ISREG(about.st_mode):
                sizes.setdefault(about.st_size, []).append(path)
    return sizes
