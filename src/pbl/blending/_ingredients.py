"""The entries of a recipe about the files that went into a blend.

`_submission` makes them when the blend is written.
"""

from __future__ import annotations

import hashlib
import os
from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbl.domain.recipe import FileFacts, Ingredient, MemberFacts
from pbl.reading.parquet import PartsSurvey

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.pillars import Pillar


def make_ingredient(
    pillar: Pillar, files: Sequence[CheckedFile], folder: Path, *, weight: float, share: float
) -> Ingredient:
    """Return what a recipe in `folder` says of a pillar and its files."""
    known: dict[str, Any] = {"name": pillar.name, "weight": weight, "share": share}
    if not pillar.members:
        return Ingredient(**file_facts(files[0], folder), **known)
    members = tuple(
        MemberFacts(**file_facts(file, folder), share=part) for file, part in zip(files, pillar.shares, strict=True)
    )
    hashes = "".join(f"{each.sha256}\n" for each in members)
    return Ingredient(
        path=None,
        sha256=hashlib.sha256(hashes.encode()).hexdigest(),
        bytes=sum(each.bytes for each in members),
        rows=members[0].rows,
        members=members,
        **known,
    )


def file_facts(file: CheckedFile, folder: Path) -> dict[str, Any]:
    """Return the fields of a file's FileFacts, its path relative to a folder."""
    pillar = file.input.pillar
    return {
        "path": None if pillar and pillar.in_memory else Path(os.path.relpath(file.input.path, folder)).as_posix(),
        "sha256": file.survey and file.survey.sha256,
        "bytes": file.survey and file.survey.size,
        "rows": file.rows,
        "parts": tuple(_parts(file.survey)) if isinstance(file.survey, PartsSurvey) else (),
    }


def _parts(survey: PartsSurvey) -> Iterator[FileFacts]:
    """Yield the facts of each part of a folder; a single file has its own."""
    if survey.file.folder:
        for part, sha256 in zip(survey.file.parts, survey.hashes, strict=True):
            yield FileFacts(path=part.name, sha256=sha256, bytes=part.file.size, rows=part.rows)
