"""Turn arguments and folders into named out-of-fold files in order, and find their truth.

The counterpart of `pillar_files` for `score`, `tune`, `fit`, `report` and `compare --truth`.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.endings import ENDINGS
from pbl.domain.errors import InputError, NoOofError, UsageError
from pbl.domain.pillars import Pillar, Selection, as_members
from pbl.domain.settings import Entry
from pbl.project._folder import is_file_name, is_folder, note_unentered
from pbl.project.file_names import name_pillar
from pbl.project.pillar_files import (
    is_there,
    list_existing,
    parse_argument,
    rank,
    refuse_absent,
    refuse_twice,
    settings_for,
)
from pbl.storage.files import same_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from pbl.domain.settings import Settings

OOF = "oof_"


@dataclass(frozen=True, kw_only=True)
class OofSelection:
    """The out-of-fold files of a selection of pillars, their truth, and why other pillars are left out."""

    selection: Selection
    truth: Path
    left_out: Mapping[str, str] = field(default_factory=dict)

    @property
    def file_names(self) -> dict[str, str]:
        """Return the name of each pillar's out-of-fold file, with commas between several."""
        return {pillar.name: ", ".join(path.name for path in pillar.files) for pillar in self.selection.pillars}


def select_oof(
    paths: Sequence[str | Path] = (),
    *,
    named: Sequence[tuple[str, str | Path]] = (),
    beside: Sequence[tuple[str, Path]] = (),
    truth: str | Path | None = None,
    folder: Path = Path(),
) -> OofSelection:
    """Find the out-of-fold files that `paths` and `named` files mean, and the truth, given or from `pbl.toml`.

    `paths` are folders, files or `name=file`; `beside` are pillars and their files of predictions, beside which their
    out-of-fold files lie. Without any, the pillars of `pbl.toml` are used. Raises UsageError or InputError if files are
    in doubt or there is none.
    """
    given = [parse_argument(path) for path in paths] + [(name, Path(path)) for name, path in named]
    for path in [path for _, path in given] + ([Path(truth)] if truth is not None else []):
        refuse_absent(path)
    settings, notes = settings_for([*given, *beside], folder)
    if not given and not beside:
        if settings.path is None:
            raise UsageError("nothing to do: name out-of-fold files, or a folder of them (there is no pbl.toml here)")
        given = [(None, settings.path.parent)]
    judge = settings.metric.truth if truth is None else Path(truth)
    found: list[Pillar] = []
    left_out: dict[str, str] = {}
    meant = [each for name, path in given for each in _look(name, path, settings)]
    for pillar, reason in [*meant, *(_beside(name, path, settings) for name, path in beside)]:
        if reason:
            left_out[pillar.name] = reason
        else:
            found.append(pillar)
    refuse_twice(found)
    if not found:
        places = ", ".join(str(path) for _, path in (*given, *beside))
        told = f" ({'; '.join(f'{name}: {reason}' for name, reason in left_out.items())})" if left_out else ""
        raise NoOofError(
            f"no out-of-fold file found in {places}; in a folder {OOF}<pillar>.csv or .parquet is looked for{told}"
        )
    if judge is None:
        raise UsageError("there is no truth to score by: name it with --truth, or in pbl.toml as truth under [metric]")
    paths_found = tuple(path for pillar in found for path in pillar.files)
    notes += note_unentered([*paths_found, judge])
    selection = Selection(pillars=tuple(found), settings=settings, found=(*paths_found, judge), notes=tuple(notes))
    return OofSelection(selection=selection, truth=judge, left_out=left_out)


def select_truth(truth: str | Path | None, *, folder: Path = Path()) -> OofSelection:
    """Find the truth that `fit` learns from, given or from `pbl.toml`; raises what `select_oof` does."""
    given = [] if truth is None else [(None, Path(truth))]
    for _, path in given:
        refuse_absent(path)
    settings, notes = settings_for(given, folder)
    found = settings.metric.truth if truth is None else Path(truth)
    if found is None:
        raise UsageError("there is no truth to fit on: name it with --truth, or in pbl.toml as truth under [metric]")
    selection = Selection(pillars=(), settings=settings, found=(found,), notes=tuple(notes))
    return OofSelection(selection=selection, truth=found)


def oof_name(path: Path) -> str:
    """Return the name of an out-of-fold file's pillar: its stem without a leading `oof_` or `submission_`."""
    name = name_pillar(path)
    return name.removeprefix(OOF) or name


def _look(name: str | None, path: Path, settings: Settings) -> Iterable[tuple[Pillar, str]]:
    """Yield each pillar that one argument means, with why it is left out, if it is."""
    if name is not None or not is_folder(path):
        yield Pillar(name=name or oof_name(path), path=path), ""
    elif settings.pillars and settings.path is not None and same_file(settings.path.parent, path):
        pillars = [_of_entry(entry, path) for entry in settings.pillars]
        yield from sorted(pillars, key=lambda each: rank(each[0]))
    else:
        try:
            names = sorted(entry.name for entry in path.iterdir())
        except OSError as error:
            raise InputError(f"{path}: cannot be listed: {error.strerror}") from error
        files = [path / each for each in names if each.startswith(OOF) and is_file_name(path / each)]
        pillars = [(Pillar(name=oof_name(file), path=file), "") for file in files]
        yield from sorted(pillars, key=lambda each: rank(each[0]))


def _beside(name: str, path: Path, settings: Settings) -> tuple[Pillar, str]:
    """Return the out-of-fold file of one file of predictions: `pbl.toml` names it, or it lies in the same folder."""
    entry = next((each for each in settings.pillars if each.name == name), None)
    if entry is None or not entry.oof:
        return _of_entry(Entry(name=name, files=(path,)), path.parent)
    if len(entry.oof) == 1:
        return _of_entry(Entry(name=name, files=(path,), oof=entry.oof), path.parent)
    for file, oof in zip(entry.files, entry.oof, strict=True):
        if is_there(file) and same_file(file, path):
            return _of_entry(Entry(name=name, files=(path,), oof=(oof,)), path.parent)
    return Pillar(name=name, path=path), f"pbl.toml names out-of-fold files of other files than {path.name}"


def _of_entry(entry: Entry, folder: Path) -> tuple[Pillar, str]:
    usual = [folder / f"{OOF}{entry.name}{ending}" for ending in ENDINGS]
    there = list_existing(usual)
    refuse_twice([Pillar(name=entry.name, path=path) for path in there if not entry.oof])
    files = entry.oof or (there or usual)[:1]
    missing = next((file for file in files if not is_there(file)), None)
    reason = "" if missing is None else f"no {_within(folder, missing)}"
    members = as_members(files, entry.shares) if entry.several and len(files) == len(entry.files) else ()
    return Pillar(name=entry.name, path=files[0], members=members, weight=entry.weight), reason


def _within(folder: Path, file: Path) -> Path:
    return file.relative_to(folder) if file.is_relative_to(folder) else file
