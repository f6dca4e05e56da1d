"""Find the template in the folders given, by a file's name or else by its content.

`pillar_files` calls it, if no template was named, when it has looked at all arguments.
"""

from __future__ import annotations

from shlex import quote
from typing import TYPE_CHECKING

from pbl.domain.endings import is_parquet
from pbl.domain.errors import UsageError
from pbl.project import file_names
from pbl.reading.parquet_rows import has_constant_parts
from pbl.reading.targets import has_constant_targets

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pbl.domain.contract import Contract

_BOTH = 2


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
