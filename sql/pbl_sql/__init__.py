"""The questions pbl asks of DuckDB, one a file; where pillars vary in number, text is built from generated names."""

from __future__ import annotations

import re
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING, cast

if TYPE_CHECKING:
    from importlib.abc import ResourceLoader

_LOADER = cast("ResourceLoader", __spec__.loader)
"""What reads the questions, of a wheel that isn't unpacked too; importlib.resources takes 5 ms of a blend's 150."""
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


def join(parts: list[Sql], by: str = ", ") -> Sql:
    """Return the parts one after another."""
    return Sql(by.join(parts))


def exact_text(number: Sql) -> Sql:
    """Return the text of a double that reads back to it: DuckDB's own is wrong for 2**81, 2**91 and 2**807."""
    own = f"({number})::VARCHAR"
    wrong = f"try_cast({own} AS DOUBLE) IS DISTINCT FROM ({number})::DOUBLE"
    return Sql(f"CASE WHEN {wrong} THEN format('{{:.17g}}', ({number})::DOUBLE) ELSE {own} END")


@cache
def _text(question: str) -> str:
    data = _LOADER.get_data(str(Path(__file__).parent / f"{question}.sql"))
    lines = data.decode().splitlines()
    return "\n".join(line for line in lines if not line.startswith("--"))


def _safe(part: Sql | str) -> str:
    if isinstance(part, Sql) or _SAFE.fullmatch(part):
        return str(part)
    message = f"not a generated name: {part!r}"
    raise ValueError(message)
