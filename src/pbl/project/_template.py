"""Find the template in the folders given, by a file's name or else by its content, and files that are not like it.

`pillar_files` calls it when it has looked at all arguments.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pbl.domain.contract import Contract
from pbl.domain.endings import is_parquet
from pbl.domain.errors import UnreadableError, UsageError
from pbl.project import file_names
from pbl.reading.parquet_rows import has_constant_parts
from pbl.reading.sources import open_surveyed
from pbl.reading.targets import has_constant_targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pbl.domain.pillars import Pillar

_BOTH = 2
_SHOWN = 3


def choose_template(by_name: Sequence[Path], scanned: Sequence[Path], contract: Contract) -> tuple[Path | None, str]:
    """Return the template in a folder, and how it was found unless by its usual name.

    Where no name tells, it is the file among those `scanned` whose targets are constant. Raises UsageError where there
    are two.
    """
    if by_name:
        _one_template(by_name, "by their names")
        return by_name[0], "" if by_name[0].name in file_names.TEMPLATE else "by its name"
    constant = [path for path in scanned if _is_constant(path, contract)]
    _one_template(constant, "as each has one number throughout")
    return (constant[0], "as it has one number throughout") if constant else (None, "")


def leave_out_foreign(pillars: Sequence[Pillar], template: Path) -> tuple[list[Pillar], list[str]]:
    """Return the pillars, and apart from them the files, with why, that have no prediction column of the template's.

    A file stays if it is called `submission_...`, or has the template's id and as many columns, and a column that is
    only misspelt counts as there: predictions under another name, which `validate` explains, as it does unreadable
    files.
    """
    columns = _read_header(template, Contract())[0]
    if len(columns) < _BOTH:
        return list(pillars), []
    contract = Contract(id=columns[0], targets=columns[1:])
    kept, foreign = [], []
    for pillar in pillars:
        names, lacking = _read_header(pillar.path, contract)
        like = len(names) == len(columns) and contract.id not in lacking
        like = like or file_names.says_submission(pillar.path.name)
        if not like and set(contract.targets) <= lacking:
            foreign.append(f"{pillar.path.name} (it has no column {', '.join(contract.targets[:_SHOWN])})")
        else:
            kept.append(pillar)
    return kept, foreign


def _read_header(path: Path, contract: Contract) -> tuple[tuple[str, ...], set[str | None]]:
    """Return the names in a header, without a saved index, and the contract's columns that it lacks."""
    try:
        with open_surveyed(path, contract) as found:
            header = found.header
    except UnreadableError:
        return (), set()
    names = tuple(name for name in header.names if name.strip() and not name.startswith("Unnamed:"))
    return names, {each.column for each in header.findings if each.code == "PBL201"}


def _is_constant(path: Path, contract: Contract) -> bool:
    return (has_constant_parts if is_parquet(path.name) else has_constant_targets)(path, contract)


def _one_template(paths: Sequence[Path], why: str) -> None:
    if len(paths) >= _BOTH:
        one, other = (str(path) for path in paths[:2])
        named = quote(f"{file_names.name_pillar(paths[1])}={other}")
        raise UsageError(
            f"{one} and {other} are both templates, {why}: write --template {quote(one)}, "
            f"or {named} if it is a pillar after all"
        )
