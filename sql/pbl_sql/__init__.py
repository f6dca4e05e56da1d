"""The questions pbl asks of DuckDB, one a file; where pillars vary in number, text is built from generated names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path

_HERE = Path(__file__).parent
"""Where the questions lie. importlib.resources would find them too, and take 5 ms of a small blend's 150 to load."""
_SAFE = re.compile(r"[a-z][a-z0-9_]*")
_PLACE = re.compile(r"\{([a-z_]+)\}")


class Sql(str):
    """Text made here, from generated names, quoted literals and questions only."""

    __slots__ = ()


def ask(question: str, **parts: Sql | str) -> Sql:
    """Return the text of `<question>.sql` with each `{part}` filled in by a generated name or by `Sql`.

    Raises ValueError for any other text, so that nothing a user typed can become SQL.
    """
    return Sql(_PLACE.sub(lambda place: _safe(parts[place[1]]), _text(question)))


def name(text: str) -> Sql:
    """Return a generated name as Sql."""
    return Sql(_safe(text))


def literal(text: str) -> Sql:
    """Return a string literal."""
    return Sql("'" + text.replace("'", "''") + "'")


def identifier(text: str) -> Sql:
    """Return a quoted identifier, as a column of an output is named."""
    return Sql('"' + text.replace('"', '""') + '"')


def listed(parts: list[Sql], by: str = ", ") -> Sql:
    """Return the parts one after another."""
    return Sql(by.join(parts))


@cache
def _text(question: str) -> str:
    lines = _HERE.joinpath(f"{question}.sql").read_text(encoding="utf-8").splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _safe(part: Sql | str) -> str:
    if isinstance(part, Sql) or _SAFE.fullmatch(part):
        return str(part)
    message = f"not a generated name: {part!r}"
    raise ValueError(message)
