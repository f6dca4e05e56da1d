"""Remedies for ids that are not the template's, found by comparing all pillars.

The last step of `validate` on ids: files that are parts of one file, and pillars that agree but differ from the
template, need another remedy than each file alone.
"""

from __future__ import annotations

from dataclasses import replace
from itertools import combinations
from typing import TYPE_CHECKING

from pbl.checks.beside_others import all_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.findings import Finding
    from pbl.engine.duck import Duck

_FEWEST = 2
_MOST = 50
"""The most files among which parts are looked for: each is compared with each other."""
_FEW = 12
"""The most files among which three parts are looked for."""
_Notes = dict[int, "list[Finding]"]


def explain_together(
    duck: Duck, files: Sequence[CheckedFile], template: CheckedFile, notes: _Notes, *, complete: bool
) -> _Notes:
    """Return the files' findings (by `id(file)`) with a remedy for all together; `complete` if all are sound."""
    distinct = all(file.profile and file.profile.distinct for file in (*files, template))
    if len(files) < _FEWEST or not distinct:
        return notes
    codes = {id(file): {found.code for found in notes.get(id(file), ())} for file in files}
    short = [file for file in files if codes[id(file)] & {"PBL601", "PBL603"} and "PBL602" not in codes[id(file)]]
    left = [file for file in short if "PBL605" not in codes[id(file)]]
    joined: _Notes = {}
    while parts := _find_parts(duck, left, template):
        joined |= {id(file): _join(notes[id(file)], file, parts) for file in parts}
        left = [file for file in left if id(file) not in joined]
    if joined:
        return notes | joined
    differ = all(each & {"PBL601", "PBL602"} and "PBL605" not in each for each in codes.values())
    if complete and differ and all(_same_ids(duck, files[0], file) for file in files[1:]):
        all_files = all_of([file.input.name for file in files])
        hint = f"{all_files} have the same ids: is the template ({template.input.path.name}) current?"
        return notes | {id(file): _with_hint(notes[id(file)], hint) for file in files}
    return notes


def _find_parts(duck: Duck, files: Sequence[CheckedFile], template: CheckedFile) -> Sequence[CheckedFile]:
    """Return the files that have each of the template's ids once, together: two, else three or all that are short."""
    groups = [*combinations(files[:_MOST], _FEWEST), *combinations(files[:_FEW], _FEWEST + 1), tuple(files)]
    for group in groups:
        whole = len(group) >= _FEWEST and sum(file.rows or 0 for file in group) == template.rows
        if whole and all(_are_apart(duck, one, other) for one, other in combinations(group, 2)):
            return group
    return ()


def _are_apart(duck: Duck, one: CheckedFile, other: CheckedFile) -> bool:
    return _strangers(duck, one, other) == one.rows


def _same_ids(duck: Duck, one: CheckedFile, other: CheckedFile) -> bool:
    return one.rows == other.rows and _strangers(duck, one, other) == 0


def _strangers(duck: Duck, one: CheckedFile, other: CheckedFile) -> int:
    (strangers,) = duck.rows("checks/strangers", file=one.table or "", other=other.table or "")[0]
    return int(strangers)


def _join(found: Sequence[Finding], file: CheckedFile, parts: Sequence[CheckedFile]) -> list[Finding]:
    others = " and ".join(each.input.called for each in parts if each is not file)
    return _with_hint(found, f"together with {others} it has all of the template's ids: parts of one file? join them")


def _with_hint(found: Sequence[Finding], hint: str) -> list[Finding]:
    return [replace(each, hint=hint) if each.code in {"PBL601", "PBL602", "PBL603"} else each for each in found]
