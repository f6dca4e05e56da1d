"""Write a commented `pbl.toml` for the prediction files that are there.

The function behind `pbl init`, the first step of a project.
"""

from __future__ import annotations

import os
from dataclasses import replace
from shlex import quote
from typing import TYPE_CHECKING

from pbl.domain.contract import Contract
from pbl.domain.endings import CSV, is_parquet
from pbl.domain.errors import InputError, OutputError, UnreadableError
from pbl.domain.pillars import TABLE
from pbl.domain.weights import weigh
from pbl.project._folder import is_folder
from pbl.project.find_toml import TOML
from pbl.project.pillar_files import select_pillars
from pbl.project.toml_text import toml_key, toml_string
from pbl.reading.sources import open_surveyed
from pbl.storage.atomic_write import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    from pbl.domain.pillars import Pillar, Selection

_LEFT_OUT = "beside the usual four, so it is left out until you weigh it"


def init(folder: Path, *, template: Path | None = None) -> tuple[Path, Selection]:
    """Write `pbl.toml` for the files in a folder, with this template, and return its path and what it names.

    The columns are those of the template's header, else of the first pillar with a usable header. Beside the table's
    four pillars, others get the weight 0; a file without the template's prediction columns is no pillar. Raises
    OutputError if there is a `pbl.toml`, which is never replaced, InputError if the folder isn't one, and UsageError if
    there is no prediction file or a file is in doubt. The selection's notes say which pillars may be one model.
    """
    path = folder / TOML
    if os.path.lexists(folder) and not is_folder(folder):
        raise InputError(f"{folder}: is a file; name the folder it lies in: pbl init {quote(str(folder.parent))}")
    if os.path.lexists(path):
        raise OutputError(f"{path}: is there already; pbl never replaces it, edit it or move it away")
    selection = select_pillars([folder], template=template, like_template=True)
    told = tuple(_tell_one_model(selection))
    write_whole(path, _text(selection, _columns(selection), folder, told).encode(), replace=False)
    return path, replace(selection, notes=(*selection.notes, *(said for _, said in told)))


def _columns(selection: Selection) -> tuple[str, ...]:
    """Return the first header that has an id and a prediction column: all are named, no saved index is among them."""
    default = Contract().columns
    indexed: tuple[str, ...] = ()
    for path in [*filter(None, [selection.template]), *(pillar.path for pillar in selection.pillars)]:
        try:
            with open_surveyed(path, Contract()) as found:
                header = found.header
        except UnreadableError:
            continue
        names = tuple(name for name in header.names if name.strip() and not name.startswith("Unnamed:"))
        sound = all(name.isprintable() for name in names) and not any(f.code == "PBL206" for f in header.findings)
        if len(names) < len(default) or len({name.casefold() for name in names}) < len(names) or not sound:
            continue
        if header.columns:
            return default
        if names == header.names:
            return names
        indexed = indexed or names
    return indexed or default


def _tell_one_model(selection: Selection) -> Iterator[tuple[str, str]]:
    """Yield the first of each group of pillars that may be one model by their names, and what to do if they are."""
    files = {pillar.name: pillar.path.name for pillar in selection.pillars}
    alike = [(group, "the number of a fold or seed", _way_of_folds(group, files)) for group in selection.folds]
    alike += [(group, "a version", "versions of one, take the old one out of pbl.toml") for group in selection.versions]
    for group, what, way in alike:
        names = ", ".join(map(toml_key, group))
        yield group[0], f"{names} differ in {what} only, and each counts as a model; if they are {way}"


def _way_of_folds(group: Sequence[str], files: Mapping[str, str]) -> str:
    listed = ", ".join(toml_string(files[name]) for name in group)
    return f"folds of one, make them one pillar: files = [{listed}]"


def _weights(selection: Selection) -> Iterator[tuple[Pillar, float, str]]:
    """Yield each pillar with its weight and a comment about it."""
    more = set(TABLE) < set(selection.names)
    weights = (
        [TABLE[name].weight if name in TABLE else 0.0 for name in selection.names]
        if more
        else weigh(selection)[1].weights
    )
    for pillar, weight in zip(selection.pillars, weights, strict=True):
        yield pillar, weight, f"  # {_LEFT_OUT}" if more and pillar.name not in TABLE else ""


def _text(selection: Selection, columns: tuple[str, ...], folder: Path, told: Sequence[tuple[str, str]]) -> str:
    template = os.path.relpath(selection.template, folder) if selection.template else None
    lines = [
        "# What pbl knows of this folder; flags win over it. Paths are relative to this file.",
        "",
        "[contract]",
        f"id = {toml_string(columns[0])}  # the id column",
        f"targets = [{', '.join(map(toml_string, columns[1:]))}]  # the prediction columns, one or more",
        "# id_pattern = 'ID[0-9]+__[A-Za-z_]+'  # a regular expression for the whole id",
        "# min = 0.0  # bounds on the predictions in the files",
        "# max = 500.0",
        f"template = {toml_string(template)}  # its ids, in its order, are what the submission must have"
        if template
        else '# template = "sample_submission.csv"  # its ids, in its order, are what the submission must have',
        "",
    ]
    for pillar, weight, said in _weights(selection):
        lines += [f"# {said}" for first, said in told if first == pillar.name]
        lines += [
            f"[pillars.{toml_key(pillar.name)}]",
            f"file = {toml_string(pillar.path.name)}",
            f"weight = {weight!r}{said}",
        ]
        oof = f"oof_{pillar.name}{pillar.path.suffix if is_parquet(pillar.path.name) else CSV}"
        lines += (
            [f"oof = {toml_string(oof)}"] if (pillar.path.parent / oof).is_file() else [f"# oof = {toml_string(oof)}"]
        )
        lines.append("")
    lines += [
        "[blend]",
        "# clip_min = 0.0  # raise lower values of the blend to this",
        "# clip_max = 500.0",
        '# output = "submission.csv"',
    ]
    return "\n".join(lines) + "\n"
