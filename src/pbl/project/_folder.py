"""List a folder without a `pbl.toml`: its pillars, its templates, files set aside and files not read.

`pillar_files` combines it with the other arguments of a command.
"""

from __future__ import annotations

from dataclasses import dataclass
from shlex import quote
from typing import TYPE_CHECKING

from pbl.domain.endings import is_parquet, is_table
from pbl.domain.errors import InputError, UsageError
from pbl.domain.pillars import TABLE, Pillar
from pbl.domain.recipe import recipe_path
from pbl.project import file_names

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Sequence
    from pathlib import Path

    from pbl.domain.settings import Settings

_DEEPER = 2
"""How many levels of folders below a folder's own are searched for predictions that are not read."""

_SUMS = "SHA256SUMS"
"""The file that marks the folder of a pack that pbl made: its files are known."""


_SHOWN = 3


@dataclass(frozen=True, kw_only=True)
class Doubt:
    """Why a file of a folder may be no pillar."""

    pillar: Pillar
    why: str


@dataclass(frozen=True, kw_only=True)
class Folder:
    """The files of a folder by kind, as their names or the recipes beside them say."""

    pillars: tuple[Pillar, ...]
    templates: tuple[Path, ...]
    set_aside: tuple[Path, ...]
    not_read: tuple[str, ...]
    doubts: tuple[Doubt, ...]


def list_folder(folder: Path) -> Folder:
    """List a folder; raise InputError if the system can't."""
    try:
        entries = sorted(folder.iterdir(), key=lambda entry: entry.name)
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    files = [path for path in entries if is_file_name(path)]
    templates = [path for path in files if file_names.is_template(path.name) and not path.name.startswith(".")]
    aside = [path for path in files if path not in templates and _is_aside(path)]
    pillars = [
        Pillar(name=file_names.name_pillar(path), path=path)
        for path in files
        if path not in templates and path not in aside
    ]
    return Folder(
        pillars=tuple(pillars),
        templates=tuple(templates),
        set_aside=tuple(aside),
        not_read=tuple(_find_unread([path for path in entries if path not in files])),
        doubts=tuple(_find_doubts(pillars, files, named=bool(templates))),
    )


def find_unlisted(folder: Path, settings: Settings, template: Path | None) -> tuple[str, ...]:
    """Return the names of files that would be pillars without the folder's `pbl.toml`, and that it doesn't name.

    Where it names pillars of other folders only, whatever lies beside it is the user's own.
    """
    here = _resolve(folder)
    files = [*settings.files, *([template] if template else [])]
    named = {path.name for path in files if _resolve(path.parent) == here}
    if not named & {file.name for entry in settings.pillars for file in entry.files}:
        return ()
    return tuple(pillar.path.name for pillar in list_folder(folder).pillars if pillar.path.name not in named)


def _resolve(path: Path) -> Path:
    try:
        return path.resolve()
    except (OSError, RuntimeError):
        return path


def is_file_name(path: Path) -> bool:
    """Say whether an entry of a folder is a file that is read, by its name; x.parquet/ is a folder of parts."""
    return is_table(path.name) and not (is_parquet(path.name) and is_folder(path))


def note_unentered(paths: Sequence[Path]) -> list[str]:
    """Return a note for each folder of parts that has folders in it, such as dt=2026-01-01/: they are not entered."""
    notes = []
    for path in paths:
        if is_folder(path):
            try:
                inside = sorted(
                    f"{e.name}/" for e in path.iterdir() if not e.name.startswith((".", "_")) and is_folder(e)
                )
            except OSError:
                continue
            if inside:
                more = f" and {len(inside) - _SHOWN:,} more" if len(inside) > _SHOWN else ""
                notes.append(f"{path}: the folders in it are not entered: {', '.join(inside[:_SHOWN])}{more}")
    return notes


def is_folder(path: Path) -> bool:
    """Say whether a path leads to a folder; no if it may not be looked up."""
    try:
        return path.is_dir()
    except PermissionError:
        return False


def refuse_doubts(doubts: Sequence[Doubt], pillars: Sequence[Pillar], wanted: Collection[str] | None) -> None:
    """Raise UsageError for files that may be no pillars, unless weights name others only."""
    left = [doubt for doubt in doubts if doubt.pillar in pillars and (wanted is None or doubt.pillar.name in wanted)]
    if not left:
        return
    said = "\n".join(f"{doubt.pillar.path}: {doubt.why}" for doubt in left)
    others = [pillar for pillar in pillars if pillar not in [doubt.pillar for doubt in doubts]]
    if set(TABLE) <= {pillar.name for pillar in others}:
        line = ",".join(f"{name}={known.weight:g}" for name, known in TABLE.items())
    else:
        line = ",".join(f"{pillar.name}=1" for pillar in others)
    weigh = f"; or leave it out of a blend: --weights {quote(line)}" if line else ""
    one = left[0].pillar
    raise UsageError(
        f"{said}\ntake it away; or name it if it is a pillar after all: {quote(f'{one.name}={one.path}')}{weigh}"
    )


def tell_nothing(
    given: Sequence[Path], set_aside: Sequence[str], not_read: Sequence[str], template: Path | None
) -> str:
    """Say that there is no prediction file, and what else is there."""
    aside = {"set aside": set_aside, "not read": sorted(not_read), "the template": [str(template)] if template else []}
    told = "; ".join(f"{what}: {', '.join(names)}" for what, names in aside.items() if names)
    places = ", ".join(map(str, given))
    return f"no prediction file found in {places}; pbl looks for *.csv and *.parquet directly in the folder" + (
        f" ({told})" if told else ""
    )


def _is_aside(path: Path) -> bool:
    """Say whether a file in a folder is no pillar by its name, or because the recipe beside it says pbl made it."""
    return file_names.is_set_aside(path.name) or recipe_path(path).is_file()


def _find_unread(entries: Sequence[Path]) -> Iterator[str]:
    for path in entries:
        if path.name.startswith("."):
            continue
        if not is_folder(path):
            if file_names.could_be_predictions(path.name):
                yield path.name
        elif _holds_predictions(path):
            yield f"{path.name}/"


def _holds_predictions(folder: Path, deeper: int = _DEEPER) -> bool:
    """Say whether a file in a folder, or in the folders below it, could be a model's predictions.

    A `submission.csv` there is one: many keep a folder for each model.
    """
    try:
        if (folder / _SUMS).is_file():
            return False
        for path in folder.iterdir():
            if path.name.startswith("."):
                continue
            if is_folder(path):
                if deeper and not path.is_symlink() and _holds_predictions(path, deeper - 1):
                    return True
            elif _could_be_a_model_s(path):
                return True
    except OSError:
        return True
    return False


def _could_be_a_model_s(path: Path) -> bool:
    if not is_table(path.name):
        return file_names.could_be_predictions(path.name)
    made = recipe_path(path).is_file()
    aside = file_names.is_set_aside(path.name) and not file_names.is_output(path.name)
    return not (made or aside or file_names.is_template(path.name))


def _find_doubts(pillars: Sequence[Pillar], files: Sequence[Path], *, named: bool) -> Iterator[Doubt]:
    """Yield files that may be no pillar; `named` says that a template was found by its name."""
    plainest: dict[str, Pillar] = {}
    for pillar in sorted(pillars, key=lambda each: len(each.path.name)):
        plainest.setdefault(file_names.same_name(pillar.path.name) or pillar.path.name, pillar)
    there: dict[str, list[str]] = {}
    for path in files:
        for made_of in (file_names.spelling(path.name), file_names.original(path.name)):
            if made_of is not None:
                there.setdefault(made_of, []).append(path.name)
    for pillar in pillars:
        name = pillar.path.name
        alike = plainest[file_names.same_name(name) or name]
        others = [other for other in there.get(file_names.original(name) or "", ()) if other != name]
        if others:
            yield Doubt(pillar=pillar, why=f"is like a copy of {others[0]}, by its name")
        elif alike is not pillar and alike.name != pillar.name:
            yield Doubt(pillar=pillar, why=f"has the name of {alike.path.name}, but for case and separators")
        elif why := _doubt_name(pillar.path, named=named):
            yield Doubt(pillar=pillar, why=why)


def _doubt_name(path: Path, *, named: bool) -> str:
    """Return why a file may be no pillar by its name, or None."""
    usual = {file_names.spelling(name): pillar for pillar, known in TABLE.items() for name in known.files}
    made_of = file_names.original(path.name)
    if not named and file_names.is_like_template(path.name):
        return f"is like a template, by its name; if it is: --template {quote(str(path))}"
    if made_of in usual:
        return f"is like a copy of a file of {usual[made_of]}, by its name"
    return "is named like an output, and no recipe beside it says which" if file_names.is_output(path.name) else ""
