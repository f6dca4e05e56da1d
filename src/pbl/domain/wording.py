"""Words for messages: counts, cells, and text that is safe on a terminal.

Every room that makes a message uses them.
"""

from __future__ import annotations

import math
import os
from typing import TypeVar, cast

Value = TypeVar("Value")
_LARGE = 1e7
"""Numbers from here on are shown with a power of ten."""


def plural(n: int, noun: str) -> str:
    """Return `1 row`, `2 rows`, `1,005 rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"


def quote(cell: str) -> str:
    """Return a raw cell in quotes, on one line."""
    mark = '"' if "'" in cell and '"' not in cell else "'"
    return f"{mark}{safe(cell)}{mark}"


def safe(text: str, *, keep: str = "") -> str:
    """Return text that is safe on a terminal: characters that aren't printable are escaped."""
    text = restore_utf8(text)
    if text.isprintable():
        return text
    return "".join(c if c.isprintable() or c in keep else c.encode("unicode_escape").decode() for c in text)


def make_displayable(text: str) -> str:
    """Return text for a page: characters that aren't printable (controls, bidi overrides, surrogates) become U+FFFD."""
    text = restore_utf8(text)
    return text if text.isprintable() else "".join(c if c.isprintable() else "\ufffd" for c in text)


def numeral(value: float | None, digits: int = 4) -> str:
    """Return a number for a page: fixed digits, a true minus, an en dash for none, and never a negative zero."""
    if value is None or not math.isfinite(value):
        return "\u2013"
    if isinstance(value, int):
        return f"{value:,}".replace("-", "\u2212")
    text = f"{value:.{digits}e}" if abs(value) >= _LARGE else f"{value:.{digits}f}"
    if not any(c in "123456789" for c in text):
        text = text.removeprefix("-")
    return text.replace("-", "\u2212")


def restore_utf8(value: Value) -> Value:
    """Return text that was typed or named in UTF-8 under another locale; also within lists and objects.

    Python keeps each byte that the locale doesn't know as half a surrogate pair, which no other program can read.
    """
    if isinstance(value, str):
        return cast("Value", _restore(value))
    if isinstance(value, dict):
        return cast("Value", {restore_utf8(key): restore_utf8(each) for key, each in value.items()})
    return cast("Value", [restore_utf8(each) for each in value]) if isinstance(value, list) else value


def file_name(text: str) -> str:
    """Return a name that a file has in UTF-8 as Python takes it in this locale, the inverse of `restore_utf8`."""
    try:
        os.fsencode(text)
    except UnicodeEncodeError:
        return os.fsdecode(text.encode("utf-8", "surrogateescape"))
    return text


def _restore(text: str) -> str:
    if text.isprintable():
        return text
    try:
        return text.encode("utf-8", "surrogateescape").decode("utf-8")
    except UnicodeError:
        return text
