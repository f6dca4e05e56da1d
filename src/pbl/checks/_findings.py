"""Findings made of offences.

Shared by the modules that check one file or several.
"""

from __future__ import annotations

from dataclasses import replace
from typing import TYPE_CHECKING, Any

from pbl.checks.locate import locate
from pbl.domain.findings import Offences, finding

if TYPE_CHECKING:
    from pbl.checks.beside_others import Different
    from pbl.checks.open_files import Input
    from pbl.domain.findings import Finding


def note(each: Input, code: str, message: str, found: Offences, **rest: Any) -> list[Finding]:  # noqa: ANN401 - fields of Finding
    """Return the finding about a file, none if there are no offences."""
    if not found.count:
        return []
    rest |= {"count": found.count, "examples": locate(each, found.examples)}
    return [finding(code, file=str(each.path), pillar=each.name, message=message, **rest)]


def note_different(each: Input, odd: Different) -> list[Finding]:
    """Return the finding about a file whose numbers are of another kind than those of other files."""
    column = {"column": odd.column} if odd.column else {}
    return note(each, odd.code, odd.message, Offences(limit=0, count=odd.count), **column)


def instead(found: Offences) -> tuple[Offences, str]:
    """Return offences with the raw cells as their values, and words for the first id: here and in the other file."""
    told = f": {found.examples[0].id!r} here, {found.examples[0].value!r} there" if found.examples else ""
    return replace(found, examples=[replace(each, value=each.id) for each in found.examples]), told
