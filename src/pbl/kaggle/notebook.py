"""Write the notebook that only infers: nbformat 4, from a readable source, the same bytes for the same names."""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import OutputError
from pbl.storage.atomic_write import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence
    from pathlib import Path

    from pbl.kaggle.names import Ref

_SOURCE = "inference.py.txt"
_MARK = re.compile(r'# %% (?P<name>[a-z0-9-]+)(?P<text> \[markdown\])?(?: tags=\["(?P<tag>[a-z]+)"\])?')
_PLACES = ("OWNER/SLUG", "COMPETITION")


@dataclass(frozen=True, kw_only=True)
class Written:
    """A notebook that was written: its size in bytes and its hash."""

    path: Path
    bytes: int
    sha256: str
    already: bool
    """Whether the same bytes were there before."""


def notebook(dataset: Ref, competition: str) -> bytes:
    """Return the notebook for a dataset and a competition, as a file's bytes."""
    source = files("pbl.kaggle").joinpath(_SOURCE).read_text(encoding="utf-8")
    cells = [_cell(mark, lines, (str(dataset), competition)) for mark, lines in _cells(source)]
    return _dumped(
        {
            "cells": cells,
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
                "pbl": {"cells_sha256": _fingerprint(cells)},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def unedited(data: bytes) -> bool:
    """Say whether these bytes are a notebook that pbl wrote and whose cells nobody has changed, run or not."""
    try:
        table = json.loads(data)
        return bool(table["metadata"]["pbl"]["cells_sha256"] == _fingerprint(table["cells"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def write_notebook(path: Path, dataset: Ref, competition: str, *, force: bool = False) -> Written:
    """Write the notebook; raise OutputError rather than replace one that was edited or that pbl didn't write."""
    data = notebook(dataset, competition)
    already = False
    if os.path.lexists(path) and path.is_file():
        old = path.read_bytes()
        already = old == data
        if not (force or already or unedited(old)):
            raise OutputError(
                f"{path}: is there already, and is no notebook of pbl's or was edited since; use --force to replace it"
            )
    if not already:
        write_whole(path, data)
    return Written(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), already=already)


def _cells(source: str) -> Iterable[tuple[re.Match[str], list[str]]]:
    """Take the text apart where a line begins a cell."""
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in source.splitlines():
        if mark := _MARK.fullmatch(line):
            found.append((mark, []))
        else:
            found[-1][1].append(line)
    return found


def _cell(mark: re.Match[str], lines: Sequence[str], names: tuple[str, str]) -> dict[str, Any]:
    text = "\n".join(lines).strip("\n")
    if mark["text"]:
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    if mark["tag"] == "parameters":
        for place, name in zip(_PLACES, names, strict=True):
            text = text.replace(json.dumps(place), json.dumps(name))
    cell = {
        "cell_type": "markdown" if mark["text"] else "code",
        "id": mark["name"],
        "metadata": {"tags": [mark["tag"]]} if mark["tag"] else {},
        "source": text.splitlines(keepends=True),
    }
    return cell if mark["text"] else cell | {"execution_count": None, "outputs": []}


def _fingerprint(cells: Sequence[dict[str, Any]]) -> str:
    """Hash what a user writes in the cells: kinds, tags and text."""
    essence = [[c["cell_type"], c["metadata"].get("tags", []), "".join(c["source"])] for c in cells]
    return hashlib.sha256(json.dumps(essence).encode("ascii")).hexdigest()


def _dumped(table: dict[str, Any]) -> bytes:
    """Write JSON as Jupyter does, so that opening and saving changes nothing."""
    return (json.dumps(table, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
