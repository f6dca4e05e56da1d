"""Turn arguments and folders into named prediction files in order.

The first step of most commands. Nothing is guessed: if a file's name or content leaves in doubt what it is, the command
ends and says what to do. `file_names` judges the names; `domain.weights` weighs the selection.
"""

from __future__ import annotations

import os
import re
from dataclasses import dataclass, replace
from pathlib import Path
from shlex import quote
from typing import TYPE_CHECKING

from pbl.domain.endings import ENDINGS, is_parquet
from pbl.domain.errors import InputError, NoPillarsError, UsageError
from pbl.domain.pillars import TABLE, Pillar, Selection, as_members
from pbl.domain.settings import Settings
from pbl.domain.values import NUMBER
from pbl.domain.wording import restore_utf8
from pbl.project import file_names
from pbl.project._folder import (
    Doubt,
    Folder,
    find_unlisted,
    is_folder,
    list_folder,
    note_unentered,
    refuse_doubts,
    tell_nothing,
)
from pbl.project._template import choose_template, leave_out_foreign
from pbl.project.find_toml import TOML, list_parents, read_toml
from pbl.storage.files import same_file

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable, Sequence

    from pbl.domain.settings import Entry

_NUMBER = re.compile(NUMBER)
_URL = re.compile(r"[A-Za-z][A-Za-z0-9+.-]+:/")  # a Path has one slash of the two
_BOTH = 2


def select_pillars(
    paths: Sequence[str | Path] = (),
    *,
    named: Sequence[tuple[str, str | Path]] = (),
    template: str | Path | None = None,
    pillars_dir: str | Path | None = None,
    wanted: Collection[str] | None = None,
    like_template: bool = False,
    folder: Path = Path(),
) -> Selection:
    """Find the pillars that `paths` and `named` files mean; raise UsageError or InputError if that is in doubt.

    `paths` are folders, files or `name=file`; `folder` is the working folder, where `pbl.toml` is looked for; a
    `submission_<pillar>.csv` in `pillars_dir` wins over the file found otherwise. `wanted` are the pillars that weights
    name: other files may be in doubt. `like_template` sets files aside that have none of the template's prediction
    columns.
    """
    given = [parse_argument(path) for path in paths] + [(name, Path(path)) for name, path in named]
    for path in [path for _, path in given] + ([Path(template)] if template is not None else []):
        refuse_absent(path)
    settings, notes = settings_for(given, folder)
    if not given:
        if settings.path is None:
            raise NoPillarsError(
                "nothing to do: name a folder of prediction files, or files (there is no pbl.toml here either)"
            )
        given = [(None, settings.path.parent)]
    meant = template_of(settings) if template is None else Path(template)
    looks = [_look(name, path, settings, meant, alone=len(given) == 1) for name, path in given]
    found = [pillar for look in looks for pillar in look.pillars]
    set_aside = [name for look in looks for name in look.set_aside]
    if meant is None:
        scanned = [pillar.path for look in looks if look.folder for pillar in look.pillars]
        several = sum(len(look.pillars) for look in looks) > 1
        by_name = [path for look in looks for path in look.templates]
        meant, why = choose_template(by_name, scanned if several else [], settings.contract)
        notes += [f"the template is {meant}, {why}"] if why else []
        found = [pillar for pillar in found if pillar.path != meant]
    if like_template and meant is not None:
        found, foreign = leave_out_foreign(found, meant)
        set_aside += foreign
    refuse_twice(found)
    refuse_doubts([doubt for look in looks for doubt in look.doubts], found, wanted)
    originals = [path for pillar in found for path in pillar.files]
    if pillars_dir is not None:
        found = _prefer(found, Path(pillars_dir))
    not_read = [name for look in looks for name in look.not_read]
    if not found:
        raise NoPillarsError(tell_nothing([path for _, path in given], set_aside, not_read, meant))
    files = [path for pillar in found for path in pillar.files]
    notes += note_unentered(files + ([meant] if meant else []))
    names = {pillar.name for pillar in found}
    guessed = [pillar.name for look in looks if not look.told for pillar in look.pillars if pillar.name in names]
    return Selection(
        pillars=tuple(found),
        settings=settings,
        template=meant,
        set_aside=tuple(sorted(set_aside)),
        not_read=tuple(sorted(not_read)),
        found=tuple(dict.fromkeys([*originals, *files])),
        folds=file_names.group_folds(guessed),
        versions=file_names.group_versions(guessed),
        notes=tuple(notes),
    )


def is_there(path: Path) -> bool:
    """Say whether a name exists; yes in a folder that may not be entered, so that opening it raises the error."""
    try:
        os.lstat(path)
    except PermissionError:
        return True
    except (OSError, ValueError):
        return False
    return True


def list_existing(paths: Sequence[Path]) -> list[Path]:
    """Return the names that exist; if the folder may not be entered, the first, so that opening it raises the error."""
    found = [path for path in paths if is_there(path)]
    return found if any(map(os.path.lexists, found)) else found[:1]


@dataclass(frozen=True, kw_only=True)
class _Look:
    """The meaning of one argument; `told` if the user gave it: by name=file, or in `pbl.toml`."""

    pillars: tuple[Pillar, ...] = ()
    folder: Folder | None = None
    set_aside: tuple[str, ...] = ()
    templates: tuple[Path, ...] = ()
    told: bool = False
    unlisted: tuple[str, ...] = ()
    """What lies in a folder, could be a model's predictions and isn't named in its `pbl.toml`."""

    @property
    def doubts(self) -> tuple[Doubt, ...]:
        """Return the files that are in doubt by their names."""
        return self.folder.doubts if self.folder else ()

    @property
    def not_read(self) -> tuple[str, ...]:
        """Return files of the folder that may be a model's predictions and aren't read."""
        return self.folder.not_read if self.folder else self.unlisted


def parse_argument(text: str | Path) -> tuple[str | None, Path]:
    """Split `name=file`, unless the whole text is the name of a file that exists."""
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
    return restore_utf8(name), Path(rest)


def refuse_absent(path: Path) -> None:
    """Raise InputError if there is no such name."""
    if not is_there(path):
        hint = ""
        if _NUMBER.fullmatch(str(path).removesuffix("%")):
            hint = "; to give weights, write --weights=0.6,0.4"
        elif _URL.match(str(path)):
            hint = "; pbl reads local files only, download it first"
        raise InputError(f"{path}: no such file{hint}")


def settings_for(given: Sequence[tuple[str | None, Path]], folder: Path) -> tuple[Settings, list[str]]:
    """Read the `pbl.toml` of a command, and return notes about it.

    It is the one in the folder given, else in the working folder or a parent up to the repository's root, else the one
    beside the files given.
    """
    folders = [path for name, path in given if name is None and is_folder(path)]
    for place in (*folders, *list_parents(folder)):
        if os.path.lexists(place / TOML):
            return read_toml(place / TOML), []
    beside = dict.fromkeys(path.parent / TOML for _, path in given if path not in folders)
    there = [path for path in beside if os.path.lexists(path)]
    if not there:
        return Settings(), []
    if len(there) >= _BOTH:
        raise UsageError(f"{there[0]} and {there[1]} lie beside the files; which one holds? Run pbl in its folder")
    return replace(read_toml(there[0]), output=None), [f"{there[0]} holds, as it lies beside the files"]


def rank(pillar: Pillar) -> tuple[int, str]:
    """Return the place of a pillar: those of the table first, in its order, then the rest by name."""
    order = list(TABLE)
    return (order.index(pillar.name) if pillar.name in TABLE else len(order), pillar.name)


def refuse_twice(pillars: Sequence[Pillar]) -> None:
    """Raise UsageError if two files have one name, in recipes and logs too."""
    seen: dict[str, Path] = {}
    for pillar in pillars:
        if pillar.name in seen:
            one, other = seen[pillar.name], pillar.path
            way = "take one away, or name them: first=FILE second=FILE"
            if is_parquet(one.name) and is_parquet(other.name) and one.parent != other.parent:
                way += f"; if each folder is one pillar in parts: first={one.parent}/ second={other.parent}/"
            if same_file(one, other):
                raise UsageError(f"{one} is named twice: name it once")
            raise UsageError(f"two files for the pillar {pillar.name!r}: {one} and {other}; {way}")
        seen[pillar.name] = pillar.path
    for pillar in pillars:
        if pillar.members and (alike := next((name for name in pillar.names if name in seen), None)):
            raise UsageError(f"the pillar {alike!r} is called as a file of {pillar.name!r} in recipes; rename one")


def template_of(settings: Settings) -> Path | None:
    """Return the template that `pbl.toml` names, if it does; raise InputError if it isn't there."""
    if settings.template is not None and not is_there(settings.template):
        raise InputError(f"{settings.path}: contract.template names {settings.template}: no such file")
    return settings.template


def _look(name: str | None, path: Path, settings: Settings, template: Path | None, *, alone: bool) -> _Look:
    """Find what one argument means: a file, the pillars that `pbl.toml` names, or a folder's files."""
    if name is not None:
        return _Look(pillars=(Pillar(name=name, path=path),), told=True)
    if not is_folder(path):
        return _plain(path, template, alone=alone)
    if settings.pillars and settings.path is not None and same_file(settings.path.parent, path):
        named = [_of_entry(entry) for entry in settings.pillars]
        own = tuple(each for each in (path / name for name in file_names.TEMPLATE) if each.exists())
        aside = tuple(each.name for each in own if template and not same_file(each, template))
        return _Look(
            pillars=tuple(sorted(named, key=rank)),
            templates=own,
            set_aside=aside,
            told=True,
            unlisted=find_unlisted(path, settings, template),
        )
    folder = list_folder(path)
    usual = [each for each in folder.templates if each.name in file_names.TEMPLATE]
    templates = [template] if template else usual or folder.templates
    others = [*folder.set_aside, *folder.templates]
    return _Look(
        pillars=tuple(sorted((p for p in folder.pillars if not _is_among(p.path, [template])), key=rank)),
        folder=folder,
        set_aside=tuple(each.name for each in others if not _is_among(each, templates)),
        templates=tuple(usual or folder.templates),
    )


def _of_entry(entry: Entry) -> Pillar:
    members = as_members(entry.files, entry.shares) if entry.several else ()
    return Pillar(name=entry.name, path=entry.files[0], members=members, weight=entry.weight, promised=True)


def _is_among(path: Path, others: Iterable[Path | None]) -> bool:
    return any(other is not None and same_file(path, other) for other in others)


def _plain(path: Path, template: Path | None, *, alone: bool) -> _Look:
    """Take a plain file for a pillar, unless it is the template, or one by its name."""
    if template is not None and same_file(path, template) and not alone:
        return _Look()
    name = file_names.name_pillar(path)
    if file_names.is_template(path.name) and not (alone and template is None):
        way = f"the template is {template}; leave it out" if template else f"write --template {quote(str(path))}"
        raise UsageError(
            f"{path}: is a template by its name; {way}, or {quote(f'{name}={path}')} if it is a pillar after all"
        )
    return _Look(pillars=(Pillar(name=name, path=path),))


def _prefer(pillars: Sequence[Pillar], folder: Path) -> list[Pillar]:
    """Take `submission_<pillar>.csv` or `.parquet` of the folder where it is there."""
    if not is_folder(folder):
        raise InputError(f"{folder}: no such folder (--pillars-dir)")
    found = []
    for pillar in pillars:
        names = [folder / f"submission_{pillar.name}{ending}" for ending in ENDINGS]
        nearer = list_existing(names)
        refuse_twice([replace(pillar, path=path) for path in nearer])
        found.append(replace(pillar, path=nearer[0], members=()) if nearer else pillar)
    return found
