"""The notebook that blends a pack on Kaggle, and nothing else.

`pack` writes it beside the dataset, `pbl notebook` alone. Its cells are made of `inference.py.txt`.
"""

from __future__ import annotations

import hashlib
import json
import os
import re
from dataclasses import dataclass
from importlib.resources import files
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import InputError, OutputError
from pbl.kaggle._metadata import NOTEBOOK_META
from pbl.storage.atomic_write import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pbl.kaggle.names import Ref

SUMS = "SHA256SUMS"
_SOURCE = "inference.py.txt"
_MARK = re.compile(r'# %% (?P<name>[a-z0-9-]+)(?P<text> \[markdown\])?(?: tags=\["(?P<tag>[a-z]+)"\])?')
_PARAMETER = re.compile(r'(?P<name>[A-Z]+) = "[^"]*"')


@dataclass(frozen=True, kw_only=True)
class Purpose:
    """The purpose of a notebook: the parameters that differ between notebooks."""

    dataset: Ref
    competition: str
    template: str
    """The sample submission's name in the competition's folder."""
    pack: str = ""
    """The sha256 of the pack's SHA256SUMS, in hex; empty for any pack."""
    kernel: str = ""
    """The sha256 of the kernel-metadata.json beside it, in hex; empty if there is none."""


@dataclass(frozen=True, kw_only=True)
class Written:
    """A notebook that was written: its size in bytes and its hash."""

    path: Path
    bytes: int
    sha256: str
    already: bool
    """Whether the same bytes were there before."""


def make_notebook(purpose: Purpose) -> bytes:
    """Return a notebook as a file's bytes (nbformat 4.5): equal purposes give equal bytes."""
    source = files("pbl.kaggle").joinpath(_SOURCE).read_text(encoding="utf-8")
    values = {"DATASET": str(purpose.dataset), "COMPETITION": purpose.competition}
    values |= {"TEMPLATE": purpose.template, "PACK": purpose.pack}
    cells = [_make_cell(mark, lines, values) for mark, lines in _split_cells(source)]
    return _dump(
        {
            "cells": cells,
            "metadata": {
                "kernelspec": {"display_name": "Python 3", "language": "python", "name": "python3"},
                "language_info": {"name": "python"},
                "pbl": {"cells_sha256": _hash_cells(cells), **_of_kernel(purpose)},
            },
            "nbformat": 4,
            "nbformat_minor": 5,
        }
    )


def is_unedited(data: bytes) -> bool:
    """Say whether these bytes are a notebook that pbl wrote and whose cells were not edited; it may have been run."""
    try:
        table = json.loads(data)
        return bool(table["metadata"]["pbl"]["cells_sha256"] == _hash_cells(table["cells"]))
    except (ValueError, KeyError, TypeError, RecursionError):
        return False


def kernel_hash(notebook: bytes) -> str:
    """Return the sha256 of the kernel-metadata.json that a notebook was written with; empty if it doesn't say."""
    try:
        return str(json.loads(notebook)["metadata"]["pbl"].get("kernel_sha256", ""))
    except (ValueError, KeyError, TypeError, AttributeError, RecursionError):
        return ""


def hash_pack(folder: Path) -> str:
    """Return the sha256 of a pack's SHA256SUMS, in hex; raise InputError if the folder has none."""
    sums = folder / "dataset" / SUMS
    try:
        return hashlib.sha256(sums.read_bytes()).hexdigest()
    except OSError as error:
        raise InputError(f"{sums}: {error.strerror}; --pack takes the folder that `pbl pack` wrote") from error


def hash_kernel(folder: Path) -> str:
    """Return the sha256 of the kernel-metadata.json of a pack, in hex; empty if there is none."""
    try:
        return hashlib.sha256((folder / "notebook" / NOTEBOOK_META).read_bytes()).hexdigest()
    except OSError:
        return ""


def write_notebook(path: Path, purpose: Purpose, *, force: bool = False) -> Written:
    """Write the notebook; raise OutputError rather than replace one that was edited or that pbl didn't write."""
    data = make_notebook(purpose)
    already, there = False, os.path.lexists(path)
    if there and path.is_file():
        old = path.read_bytes()
        already = old == data
        if not (force or already or is_unedited(old)):
            raise OutputError(
                f"{path}: is there already, and is no notebook of pbl's or was edited since; use --force to replace it"
            )
    if not already:
        write_whole(path, data, replace=there or force)
    return Written(path=path, bytes=len(data), sha256=hashlib.sha256(data).hexdigest(), already=already)


def _of_kernel(purpose: Purpose) -> dict[str, str]:
    return {"kernel_sha256": purpose.kernel} if purpose.kernel else {}


def _split_cells(source: str) -> Iterable[tuple[re.Match[str], list[str]]]:
    """Split the source where a line begins a cell."""
    found: list[tuple[re.Match[str], list[str]]] = []
    for line in source.splitlines():
        if mark := _MARK.fullmatch(line):
            found.append((mark, []))
        else:
            found[-1][1].append(line)
    return found


def _make_cell(mark: re.Match[str], lines: Sequence[str], values: Mapping[str, str]) -> dict[str, Any]:
    if mark["tag"] == "parameters":
        lines = [_set_parameter(line, values) for line in lines]
    text = "\n".join(lines).strip("\n")
    if mark["text"]:
        text = re.sub(r"^# ?", "", text, flags=re.MULTILINE)
    cell = {
        "cell_type": "markdown" if mark["text"] else "code",
        "id": mark["name"],
        "metadata": {"tags": [mark["tag"]]} if mark["tag"] else {},
        "source": text.splitlines(keepends=True),
    }
    return cell if mark["text"] else cell | {"execution_count": None, "outputs": []}


def _set_parameter(line: str, values: Mapping[str, str]) -> str:
    """Put a value into the line that sets it; Python reads JSON's text as it is if all of it can be printed."""
    found = _PARAMETER.match(line)
    if not found or found["name"] not in values:
        return line
    value = values[found["name"]]
    literal = json.dumps(value, ensure_ascii=False) if value.isprintable() else ascii(value)
    return f"{found['name']} = {literal}{line[found.end() :]}"


def _hash_cells(cells: Sequence[dict[str, Any]]) -> str:
    """Hash the parts of cells that a user may edit: kinds, tags and text."""
    essence = [[c["cell_type"], c["metadata"].get("tags", []), "".join(c["source"])] for c in cells]
    return hashlib.sha256(json.dumps(essence).encode("ascii")).hexdigest()


def _dump(table: dict[str, Any]) -> bytes:
    """Write JSON as Jupyter does, so that opening and saving changes nothing."""
    return (json.dumps(table, indent=1, sort_keys=True, ensure_ascii=False) + "\n").encode()
