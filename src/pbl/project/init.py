"""Write a commented `pbl.toml` for the prediction files that are there."""

from __future__ import annotations

import os
from typing import TYPE_CHECKING

from pbl.domain.contract import Contract
from pbl.domain.errors import OutputError, UnreadableError
from pbl.domain.weights import weigh
from pbl.project.find_toml import TOML
from pbl.project.pillar_files import select_pillars
from pbl.project.toml_text import toml_key, toml_string
from pbl.reading.survey import open_survey
from pbl.storage.atomic_write import write_whole

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.domain.pillars import Selection
    from pbl.domain.weights import Weighing


def init(folder: Path) -> tuple[Path, Selection]:
    """Write `pbl.toml` for the files in a folder, and return its path and what it names.

    The columns are those of the first file's header. Raises OutputError if there is a `pbl.toml`, which is never
    replaced, and UsageError if there is no prediction file.
    """
    path = folder / TOML
    if os.path.lexists(path):
        raise OutputError(f"{path}: is there already; pbl never replaces it, edit it or move it away")
    selection, weighing = weigh(select_pillars([folder]))
    write_whole(path, _text(selection, weighing, _columns(selection)).encode(), replace=False)
    return path, selection


def _columns(selection: Selection) -> tuple[str, ...]:
    """Return the header of the first file that has one of an id and a prediction column."""
    for pillar in selection.pillars:
        try:
            with open_survey(pillar.path, Contract()) as found:
                header = found.header
        except UnreadableError:
            continue
        named = all(name.isprintable() and name for name in header.names)
        if len(header.names) > 1 and named and not any(f.code == "PBL206" for f in header.findings):
            return header.names if not header.columns else Contract().columns
    return Contract().columns


def _text(selection: Selection, weighing: Weighing, columns: tuple[str, ...]) -> str:
    template = selection.template.name if selection.template else None
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
    for pillar, weight in zip(selection.pillars, weighing.weights, strict=True):
        lines += [
            f"[pillars.{toml_key(pillar.name)}]",
            f"file = {toml_string(pillar.path.name)}",
            f"weight = {weight!r}",
        ]
        oof = f"oof_{pillar.name}.csv"
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
