"""Write TOML: the kinds of values that `pbl.toml` has, each so that it reads back as the same value.

`init`, `edit_toml` and `pack` write with it.
"""

from __future__ import annotations

import math
import re
from collections.abc import Mapping
from typing import TYPE_CHECKING, Any

from pbl.domain.wording import restore_utf8

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

_BARE = re.compile(r"[A-Za-z0-9_-]+")
_SHORT = {"\b": "\\b", "\t": "\\t", "\n": "\\n", "\f": "\\f", "\r": "\\r", '"': '\\"', "\\": "\\\\"}


def toml_text(table: Mapping[str, Mapping[str, Any] | Sequence[Mapping[str, Any]]]) -> str:
    """Return the text of a table of tables and lists of plain tables, in their order.

    A value is text, a number, a list or a table of such.
    """
    sections: list[Iterable[str]] = []
    for name, inner in table.items():
        if isinstance(inner, Mapping):
            sections.append(_section((name,), inner))
        else:
            sections += [[f"[[{toml_key(name)}]]", *_lines(each)] for each in inner]
    return "\n".join("\n".join(section) + "\n" for section in sections)


def _section(path: tuple[str, ...], table: Mapping[str, Any]) -> Iterable[str]:
    plain = {key: value for key, value in table.items() if not isinstance(value, dict)}
    nested = {key: value for key, value in table.items() if isinstance(value, dict)}
    if plain or not nested:
        yield f"[{'.'.join(map(toml_key, path))}]"
        yield from _lines(plain)
    for place, (key, value) in enumerate(nested.items()):
        if place or plain:
            yield ""
        yield from _section((*path, key), value)


def _lines(plain: Mapping[str, Any]) -> Iterable[str]:
    return (f"{toml_key(key)} = {toml_value(value)}" for key, value in plain.items())


def toml_key(text: str) -> str:
    """Return a key, without quotes if it needs none."""
    return text if _BARE.fullmatch(text) else toml_string(text)


def toml_value(value: object) -> str:
    """Return a value: text, a boolean, a finite number or a list of these."""
    match value:
        case str():
            return toml_string(value)
        case bool():
            return "true" if value else "false"
        case int():
            return str(value)
        case float() if math.isfinite(value):
            return repr(value)
        case list() | tuple():
            return f"[{', '.join(map(toml_value, value))}]"
        case _:
            message = f"not a value of pbl.toml: {value!r}"
            raise TypeError(message)


def toml_string(text: str) -> str:
    """Return a string in quotes."""
    text = restore_utf8(text)
    return f'"{"".join(map(_character, text))}"'


def _character(character: str) -> str:
    if character in _SHORT:
        return _SHORT[character]
    return character if character.isprintable() else f"\\U{ord(character):08X}"
