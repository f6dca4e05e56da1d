"""Take values out of a parsed TOML file, each by its type; an error names the key.

`pbl_toml` reads `pbl.toml` with it.
"""

from __future__ import annotations

import sys
from typing import TYPE_CHECKING, Any

from pbl.domain.errors import ContractError
from pbl.domain.wording import file_name
from pbl.storage.files import same_file

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

_LARGEST = sys.float_info.max


class Taker:
    """Takes values out of tables of the file at `path`; raises ContractError that names the key at fault."""

    def __init__(self, path: Path) -> None:
        self.path = path

    def _files(self, table: Mapping[str, Any], where: str, key: str) -> tuple[Path, ...]:
        value = table[key]
        if not isinstance(value, list) or not value or not all(isinstance(x, str) and x for x in value):
            raise self._error(f"{where}.{key}", f"must be a list of file names, not {value!r}")
        for name in value:
            self._one_line(f"{where}.{key}", name)
        found = tuple(self.path.parent / file_name(name) for name in value)
        twice = next((path for n, path in enumerate(found) if any(same_file(path, p) for p in found[:n])), None)
        if twice is not None:
            raise self._error(f"{where}.{key}", f"names {twice.name} twice; it would count twice")
        return found

    def _names(self, table: Mapping[str, Any], where: str, key: str, default: Sequence[str] = ()) -> tuple[str, ...]:
        value = table.get(key, list(default))
        if not isinstance(value, list) or not all(isinstance(x, str) and x for x in value):
            raise self._error(f"{where}.{key}", f"must be a list of column names, not {value!r}")
        for name in value:
            self._one_line(f"{where}.{key}", name)
        return tuple(value)

    def _file(self, table: Mapping[str, Any], where: str, key: str) -> Path | None:
        text = self._text(table, where, key)
        return None if text is None else self.path.parent / file_name(text)

    def _text(self, table: Mapping[str, Any], where: str, key: str) -> str | None:
        value = table.get(key)
        if value is None:
            return None
        if not isinstance(value, str) or not value:
            raise self._error(f"{where}.{key}", f"must be text, not {value!r}")
        if key != "id_pattern":
            self._one_line(f"{where}.{key}", value)
        return value

    def _truth(self, table: Mapping[str, Any], where: str, key: str) -> bool | None:
        value = table.get(key)
        if value is not None and not isinstance(value, bool):
            raise self._error(f"{where}.{key}", f"must be true or false, not {value!r}")
        return value

    def _one_line(self, where: str, value: str) -> None:
        if any(c in value for c in "\r\n\0"):
            raise self._error(where, f"must be one line, not {value!r}")

    def _number(self, table: Mapping[str, Any], where: str, key: str) -> float | None:
        value = table.get(key)
        if value is None:
            return None
        if isinstance(value, bool) or not isinstance(value, int | float) or not -_LARGEST <= value <= _LARGEST:
            raise self._error(f"{where}.{key}", f"must be a finite number, not {value!r}")
        return float(value)

    def _require_order(self, where: str, low_key: str, low: float | None, high_key: str, high: float | None) -> None:
        if low is not None and high is not None and low > high:
            raise self._error(f"{where}.{low_key}", f"{low:g} is above {high_key} {high:g}")

    def _table(self, table: Mapping[str, Any], key: str, *, within: str = "") -> Mapping[str, Any]:
        value = table.get(key, {})
        if not isinstance(value, dict):
            name = f"{within}.{key}" if within else key
            raise self._error(name, f"must be a table, [{name}], not {value!r}")
        return value

    def _require_known(self, table: Mapping[str, Any], where: str, known: tuple[str, ...]) -> None:
        for key in table:
            if key not in known:
                from difflib import get_close_matches  # noqa: PLC0415 - for mistakes only

                near = get_close_matches(key, known, n=1)
                remedy = f"did you mean {near[0]!r}?" if near else f"known here: {', '.join(known)}"
                raise self._error(f"{where}.{key}" if where else key, f"is not known; {remedy}")

    def _error(self, key: str, problem: str) -> ContractError:
        return ContractError(f"{self.path}: {key} {problem}")
