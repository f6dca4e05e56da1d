"""Set values in a TOML text and keep every other byte: comments, order, line ends and spelling.

`pbl tune --write` sets weights in `pbl.toml` with it. Whatever is set is read back; a text that would then say
anything else is refused.
"""

from __future__ import annotations

import re
import tomllib
from copy import deepcopy
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import OutputError, UsageError
from pbl.project.toml_text import toml_key, toml_value
from pbl.storage.atomic_write import write_whole

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    from pbl.domain.settings import Settings

Keys = tuple[str, ...]

_SPACE = re.compile(r"(?:[ \t\r\n]|#[^\n]*)*")
_BLANKS = re.compile(r"[ \t]*")
_STRINGS = (
    r'"""(?:[^\\]|\\.)*?"""(?:""?(?!"))?',
    r"'''.*?'''(?:''?(?!'))?",
    r'"(?:[^"\\]|\\.)*"',
    r"'[^']*'",
)
_STRING = re.compile("|".join(_STRINGS), re.DOTALL)
_BARE_KEY = re.compile(r"[A-Za-z0-9_-]+")
_BARE_VALUE = re.compile(r"[^,\]}#\r\n]+")


def write_weights(
    settings: Settings,
    weights: Mapping[str, float],
    method: str,
    per_target: Mapping[str, Mapping[str, float]] | None = None,
) -> Path:
    """Set each pillar's weight in `pbl.toml`, and the method and the permission for negative weights if they change.

    Only pillars that were judged are blended: a pillar without a weight in `weights` gets 0. With `per_target` the
    tables of these target names are set instead. Raises what `check_writable` does, and OutputError if the file can't
    be edited or written.
    """
    tables = per_target or {}
    path = check_writable(settings, tuple(dict.fromkeys(name for own in (weights, *tables.values()) for name in own)))
    values: dict[Keys, float | str | bool] = {("pillars", name, "weight"): weight for name, weight in weights.items()}
    if weights:
        values |= {("pillars", name, "weight"): 0.0 for name in list_unjudged(settings, weights)}
    for target, own in tables.items():
        zeros = {name: 0.0 for name in settings.per_target.get(target, {}) if name not in own}
        values |= {("per_target", target, name): weight for name, weight in {**own, **zeros}.items()}
    if method != (settings.method or "mean"):
        values["blend", "method"] = method
    if not settings.negative and any(weight < 0 for weight in weights.values()):
        values["blend", "negative"] = True
    try:
        text = path.read_bytes().decode("utf-8")
        edited = set_values(text, values)
    except OSError as error:
        raise OutputError(f"{path}: cannot be read: {error.strerror}") from error
    except ValueError as error:
        raise OutputError(f"{path}: is spelt in a way that can't be edited safely; set the weights by hand") from error
    write_whole(path, edited.encode())
    return path


def list_unjudged(settings: Settings, weights: Iterable[str]) -> dict[str, float | None]:
    """Return the pillars of `pbl.toml` that are not among these and may have a share, with their weights."""
    judged = set(weights)
    return {each.name: each.weight for each in settings.pillars if each.name not in judged and each.weight != 0}


def check_writable(settings: Settings, names: Sequence[str]) -> Path:
    """Return the `pbl.toml` that has the weights of these pillars; raise UsageError if there is none."""
    if settings.path is None:
        raise UsageError("there is no pbl.toml to write the weights into; pbl init FOLDER makes one")
    unknown = [name for name in names if name not in {entry.name for entry in settings.pillars}]
    if unknown:
        raise UsageError(
            f"{settings.path}: has no [pillars.NAME] for {', '.join(unknown)}; pbl init FOLDER writes one for each file"
        )
    return settings.path


def set_values(text: str, values: Mapping[Keys, float | str | bool]) -> str:
    """Return the TOML text with these values set, by key path; raise ValueError if that can't be done safely."""
    expected = tomllib.loads(text)
    for path, value in values.items():
        _set(expected, path, value)
        text = _edit(text, path, toml_value(value))
    if tomllib.loads(text) != expected:
        raise ValueError("the edited text says something else")
    return text


@dataclass(frozen=True, kw_only=True)
class _Leaf:
    """A key and the place of its value, with the table (and inline table) in which it is written."""

    path: Keys
    base: Keys
    start: int
    end: int
    inline: bool


@dataclass(frozen=True, kw_only=True)
class _Inline:
    """An inline table: where its brace opens, and where its last value ends, the brace if it has none."""

    path: Keys
    start: int
    last: int | None


@dataclass(kw_only=True)
class _Section:
    """A table with a header, or the top: where its last key or its header ends."""

    path: Keys
    end: int


@dataclass(kw_only=True)
class _Scan:
    """The places of all tables, keys and values of a valid TOML text."""

    text: str
    leaves: list[_Leaf] = field(default_factory=list)
    inlines: list[_Inline] = field(default_factory=list)
    sections: list[_Section] = field(default_factory=list)


def _set(table: dict[str, Any], path: Keys, value: object) -> None:
    for key in path[:-1]:
        table = table.setdefault(key, {})
    table[path[-1]] = deepcopy(value)


def _edit(text: str, path: Keys, value: str) -> str:
    scan = _scan(text)
    leaf = next((each for each in scan.leaves if each.path == path), None)
    if leaf is not None:
        return text[: leaf.start] + value + text[leaf.end :]
    *parent, key = path
    around = [each for each in scan.inlines if each.path == tuple(parent[: len(each.path)])]
    inline = max(around, key=lambda each: len(each.path), default=None)
    if inline is not None:  # an inline table is extended in its own line
        pair = f"{'.'.join(map(toml_key, path[len(inline.path) :]))} = {value}"
        at, told = (inline.start + 1, f" {pair} ") if inline.last is None else (inline.last, f", {pair}")
        return text[:at] + told + text[at:]
    section = next((each for each in scan.sections if each.path == tuple(parent) and parent), None)
    if section is not None:
        return _insert_line(text, section.end, f"{toml_key(key)} = {value}")
    sibling = next((each for each in reversed(scan.leaves) if each.path[:-1] == tuple(parent)), None)
    if sibling is not None:
        pair = f"{'.'.join(map(toml_key, path[len(sibling.base) :]))} = {value}"
        if sibling.inline:
            return f"{text[: sibling.end]}, {pair}{text[sibling.end :]}"
        return _insert_line(text, sibling.end, pair)
    end = _line_end(text)
    gap = "" if not text else end if text.endswith("\n") else 2 * end
    return f"{text}{gap}[{'.'.join(map(toml_key, parent))}]{end}{toml_key(key)} = {value}{end}"


def _insert_line(text: str, after: int, line: str) -> str:
    """Put a line below the one that holds the place `after`."""
    end = _line_end(text)
    at = text.find("\n", after) + 1
    return f"{text[:at]}{line}{end}{text[at:]}" if at else f"{text}{end}{line}"


def _line_end(text: str) -> str:
    return "\r\n" if text.partition("\n")[0].endswith("\r") else "\n"


def _scan(text: str) -> _Scan:
    """Find every table, key and value of a text that is valid TOML."""
    scan = _Scan(text=text)
    section = _Section(path=(), end=0)
    at = _skip(text, 0)
    while at < len(text):
        if text[at] == "[":
            many = text.startswith("[[", at)
            keys, at = _keys(text, at + 1 + many)
            at = text.index("]", at) + 1 + many
            section = _Section(path=keys, end=at - 1)
            if not many:
                scan.sections.append(section)
        else:
            at = _pair(scan, section.path, at, inline=False)
            section.end = at - 1
        at = _skip(text, at)
    return scan


def _pair(scan: _Scan, base: Keys, at: int, *, inline: bool) -> int:
    """Take `key = value` in, and return where it ends."""
    keys, at = _keys(scan.text, at)
    start = _skip_blanks(scan.text, scan.text.index("=", at) + 1)
    path = (*base, *keys)
    end = _value(scan, path, start)
    scan.leaves.append(_Leaf(path=path, base=base, start=start, end=end, inline=inline))
    return end


def _keys(text: str, at: int) -> tuple[Keys, int]:
    """Return a dotted key and where it ends."""
    found: list[str] = []
    while True:
        at = _skip_blanks(text, at)
        match = _STRING.match(text, at) or _BARE_KEY.match(text, at)
        if match is None:
            raise ValueError("a key is expected")
        quoted = text[at] in "\"'"
        found.append(next(iter(tomllib.loads(f"{match[0]} = 0"))) if quoted else match[0])
        at = _skip_blanks(text, match.end())
        if not text.startswith(".", at):
            return tuple(found), at
        at += 1


def _value(scan: _Scan, path: Keys, at: int) -> int:
    """Return where a value ends; what stands in an inline table is taken in."""
    text = scan.text
    if text[at] == "[":
        at = _skip(text, at + 1)
        while text[at] != "]":
            at = _skip(text, _value(_Scan(text=text), (), at))
            at = _skip(text, at + 1) if text[at] == "," else at
        return at + 1
    if text[at] == "{":
        start, last = at, None
        at = _skip(text, at + 1)
        while text[at] != "}":
            last = _pair(scan, path, at, inline=True)
            at = _skip(text, last)
            at = _skip(text, at + 1) if text[at] == "," else at
        scan.inlines.append(_Inline(path=path, start=start, last=last))
        return at + 1
    match = _STRING.match(text, at) or _BARE_VALUE.match(text, at)
    if match is None:
        raise ValueError("a value is expected")
    return at + len(match[0].rstrip())


def _skip(text: str, at: int) -> int:
    match = _SPACE.match(text, at)
    return match.end() if match else at


def _skip_blanks(text: str, at: int) -> int:
    match = _BLANKS.match(text, at)
    return match.end() if match else at
