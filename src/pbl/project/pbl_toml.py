"""Read `pbl.toml`: contract, pillars, blend, metric, constraints; every key by its type.

`find_toml` and `pillar_files` find the file and read it with this.
"""

from __future__ import annotations

import math
import re
import tomllib
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal, cast

from pbl.domain.constraints import TOLERANCE, Constraint, sort_constraints
from pbl.domain.contract import Contract
from pbl.domain.errors import ContractError, InputError
from pbl.domain.method import Method
from pbl.domain.settings import SEPARATOR, Entry, MetricSettings, Settings
from pbl.project._toml_values import Taker

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

_ESCAPE = r"\\(?:[dDwWsS]|[tnrfv]|x[0-7][0-9A-Fa-f]|[!-/:-@\[-`{-~])"
_CLASS = rf"\[\^?(?:(?!&&|--|~~|\|\|)(?:[^\[\]\\]|{_ESCAPE}))+\]"
_COUNT = r"(?:[*+?]|\{[0-9]{1,3}(?:,(?:[0-9]{1,3})?)?\})\??(?![*+?{])"
_GROUP = r"\((?!\?)|\(\?(?:P<[a-z_]+>|:)|\)"
_COMMON = rf"(?:\(\?[ims]\))?(?:[^\\\[\](){{}}*+?]|\\[bBA]|{_ESCAPE}|{_CLASS}|{_GROUP}|(?<!\()(?<!^){_COUNT})*"
"""The parts of a pattern that mean the same in Python, RE2 and Rust."""


def read_settings(path: Path) -> Settings:
    """Read one `pbl.toml`; raise ContractError that names the key at fault."""
    try:
        text = path.read_bytes().decode("utf-8")
        table = tomllib.loads(text)
    except OSError as error:
        raise InputError(f"{path}: cannot be read: {error.strerror}") from error
    except (UnicodeDecodeError, tomllib.TOMLDecodeError) as error:
        raise ContractError(f"{path}: not valid TOML: {error}") from error
    return _Toml(path).settings(table)


def contract_fault(contract: Contract) -> str | None:
    """Return what is wrong with a contract that was made in Python: the key, then the message; None if it is valid."""
    names = contract.columns
    if not contract.targets or not all(n and not any(c in n for c in "\r\n\0") for n in names):
        return f"id and targets must be names of one line, not {list(names)!r}"
    if fault := _columns_fault(contract):
        return f"targets {fault}"
    if contract.id_pattern is not None and (fault := _pattern_fault(contract.id_pattern)):
        return f"id_pattern {fault}"
    bounds = [bound for bound in (contract.min, contract.max) if bound is not None]
    if not all(map(math.isfinite, bounds)) or bounds != sorted(bounds):
        return f"min and max must be finite and in order, not {contract.min!r} and {contract.max!r}"
    return None


def _columns_fault(contract: Contract) -> str | None:
    folded = [name.casefold() for name in contract.columns]
    if len(set(folded)) < len(folded):
        return f"the columns {list(contract.columns)} must differ by more than case"
    return None


def _pattern_fault(pattern: str) -> str | None:
    """Return why a pattern may not mean the same in all engines."""
    try:
        with warnings.catch_warnings(action="ignore"):
            re.compile(pattern)
    except (re.error, OverflowError, RecursionError) as error:
        return f"is no regular expression: {error}: {pattern!r}"
    known = re.match(_COMMON, pattern)
    if known and known.end() < len(pattern):
        return (
            f"uses {pattern[known.end() :][:12]!r}, which is not supported, as not every engine reads it alike; "
            f"write it with letters, classes [...], groups (...), |, * + ? {{n,m}} and escapes: {pattern!r}"
        )
    return None


class _Toml(Taker):
    """Take the values out of a parsed file, each by its type, and refuse keys that remain."""

    def settings(self, table: Mapping[str, Any]) -> Settings:
        self._require_known(table, "", ("contract", "pillars", "blend", "metric", "constraints", "per_target"))
        contract = self._table(table, "contract")
        self._require_known(
            contract, "contract", ("id", "targets", "id_pattern", "id_separator", "min", "max", "template")
        )
        blend = self._table(table, "blend")
        self._require_known(blend, "blend", ("clip_min", "clip_max", "output", "method", "negative"))
        negative = self._truth(blend, "blend", "negative") or False
        pillars = self._table(table, "pillars")
        clip_min, clip_max = self._number(blend, "blend", "clip_min"), self._number(blend, "blend", "clip_max")
        self._require_order("blend", "clip_min", clip_min, "clip_max", clip_max)
        return Settings(
            path=self.path,
            contract=self._contract(contract),
            template=self._file(contract, "contract", "template"),
            pillars=tuple(self._entry(name, pillars, negative=negative) for name in pillars),
            clip_min=clip_min,
            clip_max=clip_max,
            output=self._file(blend, "blend", "output"),
            method=self._method(blend),
            negative=negative,
            id_separator=self._separator(contract),
            metric=self._metric(self._table(table, "metric")),
            constraints=self._constraints(table.get("constraints", [])),
            per_target=self._per_target(self._table(table, "per_target"), negative=negative),
        )

    def _method(self, table: Mapping[str, Any]) -> Method | None:
        text = self._text(table, "blend", "method")
        if text is not None and text not in set(Method):
            raise self._error("blend.method", f"must be one of {', '.join(Method)}, not {text!r}")
        return None if text is None else Method(text)

    def _metric(self, table: Mapping[str, Any]) -> MetricSettings:
        self._require_known(table, "metric", tuple(field.name for field in fields(MetricSettings)))
        average = self._text(table, "metric", "average")
        if average not in {None, "rows", "targets"}:
            raise self._error("metric.average", f"must be 'rows' or 'targets', not {average!r}")
        return MetricSettings(
            name=self._text(table, "metric", "name"),
            greater_is_better=self._truth(table, "metric", "greater_is_better"),
            weights=self._weights(table),
            average=cast("Literal['rows', 'targets'] | None", average),
            truth=self._file(table, "metric", "truth"),
            groups=self._names(table, "metric", "groups"),
            label=self._text(table, "metric", "label"),
            columns=self._names(table, "metric", "columns"),
        )

    def _weights(self, table: Mapping[str, Any]) -> Mapping[str, float] | None:
        if "weights" not in table:
            return None
        weights = self._table(table, "weights", within="metric")
        found = {name: self._number(weights, "metric.weights", name) or 0.0 for name in weights}
        for name, weight in found.items():
            if weight <= 0:
                raise self._error(f"metric.weights.{name}", f"must be above 0, not {weight:g}")
        return found

    def _separator(self, table: Mapping[str, Any]) -> str:
        value = table.get("id_separator", SEPARATOR)
        if not isinstance(value, str):
            raise self._error("contract.id_separator", f"must be text, not {value!r}")
        self._one_line("contract.id_separator", value)
        return value

    def _constraints(self, tables: object) -> tuple[Constraint, ...]:
        if not isinstance(tables, list) or not all(isinstance(each, dict) for each in tables):
            raise self._error("constraints", f"must be tables, [[constraints]], not {tables!r}")
        found = [self._constraint(each, f"constraints[{place}]") for place, each in enumerate(tables)]
        try:
            return sort_constraints(found)
        except ValueError as error:
            raise self._error("constraints", f"can't hold: {error}") from error

    def _constraint(self, table: Mapping[str, Any], where: str) -> Constraint:
        self._require_known(table, where, ("total", "parts", "tolerance"))
        total, parts = self._text(table, where, "total"), self._names(table, where, "parts")
        if total is None or not parts:
            raise self._error(where, "must have a total and its parts")
        if len(set(parts)) < len(parts):
            raise self._error(f"{where}.parts", f"must name each part once, not {list(parts)}")
        tolerance = self._number(table, where, "tolerance")
        if tolerance is not None and tolerance < 0:
            raise self._error(f"{where}.tolerance", f"must not be negative, not {tolerance:g}")
        return Constraint(total=total, parts=parts, tolerance=TOLERANCE if tolerance is None else tolerance)

    def _per_target(self, tables: Mapping[str, Any], *, negative: bool) -> Mapping[str, Mapping[str, float]]:
        found: dict[str, dict[str, float]] = {}
        for target in tables:
            where = f"per_target.{target}"
            table = self._table(tables, target, within="per_target")
            found[target] = {name: self._number(table, where, name) or 0.0 for name in table}
            for name, weight in found[target].items():
                if weight < 0 and not negative:
                    raise self._error(f"{where}.{name}", f"must not be negative, not {weight:g}")
            if not sum(found[target].values()) > 0:
                raise self._error(where, "must have weights whose sum is above 0")
        return found

    def _contract(self, table: Mapping[str, Any]) -> Contract:
        lowest, highest = self._number(table, "contract", "min"), self._number(table, "contract", "max")
        self._require_order("contract", "min", lowest, "max", highest)
        contract = Contract(
            id=self._text(table, "contract", "id") or "sample_id",
            targets=self._targets(table),
            id_pattern=self._pattern(table),
            min=lowest,
            max=highest,
        )
        if fault := _columns_fault(contract):
            raise self._error("contract.targets", fault)
        return contract

    def _entry(self, name: str, pillars: Mapping[str, Any], *, negative: bool) -> Entry:
        if not name or any(c in name for c in "\r\n\0"):
            raise self._error(f"pillars.{name!r}", "a pillar's name is text without line ends")
        table = self._table(pillars, name, within="pillars")
        where = f"pillars.{name}"
        self._require_known(table, where, ("file", "files", "shares", "fitted", "images", "weight", "oof"))
        fitted, images = self._file(table, where, "fitted"), self._images(table, where)
        files = self._member_files(table, where, usual=f"submission_{name}.csv" if fitted else None)
        weight = self._number(table, where, "weight")
        if weight is not None and weight < 0 and not negative:
            raise self._error(f"{where}.weight", f"must not be negative, not {weight:g}")
        return Entry(
            name=name,
            files=files,
            shares=self._shares(table, where, len(files)),
            several="files" in table,
            fitted=fitted,
            images=images,
            weight=weight,
            oof=self._oof(table, where, len(files)),
        )

    def _images(self, table: Mapping[str, Any], where: str) -> str | None:
        """Take the folder of images that a fitted pillar predicts, within the competition's folder."""
        text = self._text(table, where, "images")
        if (text is None) != ("fitted" not in table):
            raise self._error(
                f"{where}.{'images' if text is None else 'fitted'}", "is missing; fitted and images go together"
            )
        if text is not None and (text.startswith("/") or ".." in text.split("/")):
            raise self._error(f"{where}.images", f"must be a folder within the competition's, not {text!r}")
        return text

    def _member_files(self, table: Mapping[str, Any], where: str, *, usual: str | None) -> tuple[Path, ...]:
        """Take a pillar's file, or its list of files; a fitted pillar's has its usual name."""
        file = self._file(table, where, "file")
        if "files" not in table:
            if file is None and usual is not None:
                file = self.path.parent / usual
            if file is None:
                raise self._error(f"{where}.file", "is missing; each pillar names its file")
            return (file,)
        if file is not None:
            raise self._error(where, "has a file and files; name one of the two")
        return self._files(table, where, "files")

    def _shares(self, table: Mapping[str, Any], where: str, count: int) -> tuple[float, ...]:
        if "shares" not in table:
            return ()
        value = table["shares"]
        if "files" not in table:
            raise self._error(f"{where}.shares", "goes with files, the list of the pillar's files")
        if not isinstance(value, list) or len(value) != count:
            raise self._error(f"{where}.shares", f"must be a list of {count} numbers, one a file, not {value!r}")
        found = tuple(self._number({"shares": each}, where, "shares") for each in value)
        if not all(share is not None and share >= 0 for share in found) or not sum(filter(None, found)) > 0:
            raise self._error(f"{where}.shares", f"must be 0 or more, and not all 0, not {value!r}")
        return tuple(share or 0.0 for share in found)

    def _oof(self, table: Mapping[str, Any], where: str, count: int) -> tuple[Path, ...]:
        if not isinstance(table.get("oof"), list):
            file = self._file(table, where, "oof")
            return () if file is None else (file,)
        found = self._files(table, where, "oof")
        if "files" not in table or len(found) != count:
            raise self._error(f"{where}.oof", f"must be one file, or one for each of the {count} files")
        return found

    def _targets(self, table: Mapping[str, Any]) -> tuple[str, ...]:
        names = self._names(table, "contract", "targets", default=("target",))
        if not names:
            raise self._error("contract.targets", "must be a list of column names, not []")
        return names

    def _pattern(self, table: Mapping[str, Any]) -> str | None:
        """Take a pattern that means the same in all engines: no look-around, no back-reference, nothing possessive."""
        pattern = self._text(table, "contract", "id_pattern")
        fault = None if pattern is None else _pattern_fault(pattern)
        if fault:
            raise self._error("contract.id_pattern", fault)
        return pattern
