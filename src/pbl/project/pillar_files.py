"""Turn arguments and folders into named files in order, and weights into shares."""

from __future__ import annotations

import os
import re
from dataclasses import replace
from fnmatch import fnmatchcase
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

from pbl.domain.errors import InputError, UsageError
from pbl.domain.pillars import TABLE, Pillar, Selection
from pbl.domain.recipe import recipe_path
from pbl.domain.settings import Settings
from pbl.domain.values import NUMBER
from pbl.project.find_toml import TOML, upwards
from pbl.project.pbl_toml import read_settings

if TYPE_CHECKING:
    from collections.abc import Sequence


TEMPLATE = "sample_submission.csv"
_SET_ASIDE = ("submission.csv", "oof_*.csv", "scores_*.csv", "train.csv", "test.csv", "truth.csv", "folds.csv")
_NUMBER = re.compile(NUMBER)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a Path has one slash of the two


def select_pillars(
    paths: Sequence[str | Path] = (),
    *,
    named: Sequence[tuple[str, str | Path]] = (),
    template: str | Path | None = None,
    pillars_dir: str | Path | None = None,
    folder: Path = Path(),
) -> Selection:
    """Find the pillars that `paths` and `named` files mean; raise UsageError or InputError where that is in doubt.

    `paths` are folders, files or `name=file`; `folder` is the working folder, where `pbl.toml` is looked for; a
    `submission_<pillar>.csv` in `pillars_dir` wins over the file found otherwise.
    """
    given = [_argument(path) for path in paths] + [(name, Path(path)) for name, path in named]
    for path in [path for _, path in given] + ([Path(template)] if template is not None else []):
        _there(path)
    settings = _settings([path for name, path in given if name is None and _is_folder(path)], folder)
    if not given:
        if settings.path is None:
            raise UsageError(
                "nothing to do: name a folder of prediction files, or files (there is no pbl.toml here either)"
            )
        given = [(None, settings.path.parent)]
    meant = settings.template if template is None else Path(template)
    scans = [_look(name, path, settings, meant) for name, path in given]
    found = [pillar for scan in scans for pillar in scan.pillars]
    set_aside = [name for scan in scans for name in scan.set_aside]
    templates = [path for scan in scans for path in scan.template]
    if meant is not None:
        set_aside += [path.name for path in templates if not same_file(path, meant)]
    elif len(templates) > 1:
        raise UsageError(f"{templates[0]} and {templates[1]} are both templates; name one with --template")
    elif templates:
        meant = templates[0]
    _unique(found)
    if pillars_dir is not None:
        found = _prefer(found, Path(pillars_dir))
    if not found:
        places = ", ".join(str(path) for _, path in given)
        aside = f" (set aside: {', '.join(set_aside)})" if set_aside else ""
        raise UsageError(f"no prediction file found in {places}; pbl looks for *.csv directly in the folder{aside}")
    return Selection(
        pillars=tuple(found),
        settings=settings,
        template=meant,
        set_aside=tuple(sorted(set_aside)),
        found=tuple(pillar.path for pillar in found),
    )


def is_there(path: Path) -> bool:
    """Say whether there is such a name; in a folder that may not be entered there may be, and who opens it is told."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def same_file(one: Path, other: Path) -> bool:
    """Say whether two paths lead to the same file; where that can't be looked up, whether they are the same."""
    try:
        return one.samefile(other)
    except OSError:
        return one == other


def pillar_name(path: Path) -> str:
    """Return the name a plain file goes by: the table's, else its stem without a leading `submission_`."""
    for name, known in TABLE.items():
        if path.name in known.files:
            return name
    stem = path.name[:-4] if path.name.lower().endswith(".csv") else path.name
    return stem.removeprefix("submission_") or stem


class _Scan(NamedTuple):
    pillars: list[Pillar]
    set_aside: list[str]
    template: list[Path]


def _argument(text: str | Path) -> tuple[str | None, Path]:
    """Split `name=file`, unless the whole is the name of a file that is there."""
    if "://" in str(text) and not os.path.lexists(text):
        raise InputError(f"{text}: no such file; pbl reads local files only, download it first")
    name, equals, rest = str(text).partition("=")
    if isinstance(text, Path) or not equals or not name or "/" in name or os.sep in name:
        return None, Path(text)
    whole, part = os.path.lexists(text), os.path.lexists(rest)
    if whole and part:
        raise UsageError(
            f"{text!r} is a file, and so is {rest!r}: write ./{text} for the first, {name}=./{rest} for the second"
        )
    if whole:
        return None, Path(text)
    if not rest:
        raise UsageError(f"{text!r} names a pillar and no file: write {name}=FILE")
    return name, Path(rest)


def _there(path: Path) -> None:
    if not is_there(path):
        hint = ""
        if _NUMBER.fullmatch(str(path)):
            hint = "; to give weights, write --weights=0.6,0.4"
        elif _URL.match(str(path)):
            hint = "; pbl reads local files only, download it first"
        raise InputError(f"{path}: no such file{hint}")


def _settings(folders: Sequence[Path], folder: Path) -> Settings:
    """Read the `pbl.toml` of the folder given, else of the working folder or a parent up to the repository's root."""
    for place in (*folders, *upwards(folder)):
        if os.path.lexists(place / TOML):
            return read_settings(place / TOML)
    return Settings()


def _look(name: str | None, path: Path, settings: Settings, template: Path | None) -> _Scan:
    """Find what one argument means: a file, the pillars that `pbl.toml` names, or a folder's files."""
    if name is not None or not _is_folder(path):
        return _Scan([Pillar(name=name or pillar_name(path), path=path)], [], [])
    if settings.pillars and settings.path is not None and same_file(settings.path.parent, path):
        named = [Pillar(name=e.name, path=e.file, weight=e.weight, promised=True) for e in settings.pillars]
        return _Scan(sorted(named, key=_rank), [], [path / TEMPLATE] if (path / TEMPLATE).exists() else [])
    return _scan(path, template)


def _scan(folder: Path, template: Path | None) -> _Scan:
    scan = _Scan([], [], [])
    try:
        names = sorted(entry.name for entry in folder.iterdir())
    except OSError as error:
        raise InputError(f"{folder}: cannot be listed: {error.strerror}") from error
    for name in names:
        path = folder / name
        if not name.lower().endswith(".csv") or (template is not None and same_file(path, template)):
            continue
        if name == TEMPLATE:
            scan.template.append(path)
        elif _aside(path):
            scan.set_aside.append(name)
        else:
            scan.pillars.append(Pillar(name=pillar_name(path), path=path))
    return scan._replace(pillars=sorted(scan.pillars, key=_rank))


def _is_folder(path: Path) -> bool:
    try:
        return path.is_dir()
    except PermissionError:
        return False


def _aside(path: Path) -> bool:
    """Say whether a file in a folder is no pillar by its name, or because the recipe beside it says pbl made it."""
    named = path.name.startswith(".") or any(fnmatchcase(path.name, pattern) for pattern in _SET_ASIDE)
    return named or recipe_path(path).is_file()


def _rank(pillar: Pillar) -> tuple[int, str]:
    order = list(TABLE)
    return (order.index(pillar.name) if pillar.name in TABLE else len(order), pillar.name)


def _unique(pillars: Sequence[Pillar]) -> None:
    seen: dict[str, Path] = {}
    for pillar in pillars:
        if pillar.name in seen:
            raise UsageError(
                f"two files for the pillar {pillar.name!r}: {seen[pillar.name]} and {pillar.path}; "
                "take one away, or name them: first=FILE second=FILE"
            )
        seen[pillar.name] = pillar.path


def _prefer(pillars: Sequence[Pillar], folder: Path) -> list[Pillar]:
    """Take `submission_<pillar>.csv` of the folder where it is there."""
    if not _is_folder(folder):
        raise InputError(f"{folder}: no such folder (--pillars-dir)")
    nearer = [folder / f"submission_{p.name}.csv" for p in pillars]
    return [replace(p, path=near) if is_there(near) else p for p, near in zip(pillars, nearer, strict=True)]
