"""Open pillars as frames of generated columns, or make findings about their structure.

The step before `_check`. Every schema is compared with the contract's before a row is read, because Spark reads NULL
from a part that lacks a column.
"""

from __future__ import annotations

import os
import re
from collections import Counter
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask

from pbl.domain.errors import InputError, UsageError
from pbl.domain.findings import Example, finding
from pbl.domain.wording import plural, safe
from pbl.spark._session import SparkError, engine_errors, rows_of, spark_errors, strict_settings, without_secrets

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Sequence

    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding

WHOLE = ("tinyint", "smallint", "int", "bigint")
"""Types of whole numbers, the narrowest first."""
_DOUBLES = ("float", "double")
_CSV = re.compile(r"\.(csv|tsv|txt)(\.\w+)?/*$", re.IGNORECASE)
_CSV_SCAN = re.compile(r"^\W*(?:\(\d+\)\W*)?(?:FileScan|BatchScan) csv\b", re.MULTILINE)
_GLOB = re.compile(r"[*?\[\]{}\\]")
_PART = re.compile(r"reading file:?\s+(\S+?)\.?\s")
_MOST_PARTS = 1000
"""The number of parts whose own schemas are read, if the whole has a fault."""
_FEW = 5
"""Of more columns that are not expected, so many are named, as `reading` names those of a file."""
_FRAME = "DataFrame"
_NO_CSV = (
    "is CSV, and Spark's reader takes 1d, NaN and 1e400 for numbers and bad cells for nothing: use pbl blend on one "
    "machine, or write Parquet from checked files"
)


@dataclass(frozen=True, kw_only=True)
class Opened:
    """One pillar, or the template, whose name is None: a frame of the columns id, t0, t1, ..., if it is sound."""

    name: str | None
    path: str
    """Its name in messages and the recipe: without user, password or token."""
    frame: Any = None
    parts: tuple[str, ...] = ()
    findings: tuple[Finding, ...] = ()
    kind: str = ""
    """The type of its ids."""
    source: Any = field(default=None, repr=False)

    @property
    def called(self) -> str:
        """Return its name in messages about others."""
        return f"{self.name} ({self.path})" if self.name is not None else f"the template ({self.path})"

    def note(self, code: str, message: str, **rest: Any) -> Opened:
        """Return it with one finding more."""
        found = finding(code, file=self.path, pillar=self.name, message=message, **rest)
        return replace(self, findings=(*self.findings, found))


def open_source(spark: Any, name: str | None, source: Any, contract: Contract) -> Opened:
    """Open Parquet at a path, or a DataFrame; raise InputError for what isn't there and UsageError for CSV."""
    if isinstance(source, str | os.PathLike):
        return _open_path(spark, name, os.fspath(source), contract)
    told = "the template" if name is None else f"pillars: {name!r}"
    if not all(hasattr(source, each) for each in ("toDF", "schema", "write")):
        raise UsageError(f"{told} is {type(source).__name__}, not a path or Spark's DataFrame")
    with engine_errors(), spark_errors():
        if source.isStreaming:
            raise UsageError(f"{told} is a stream; hand over what is at rest")
        scan = rows_of(
            spark, ask("spark/plan", frame=Sql("{p0}")), frames={"p0": source.toDF(*_generate_names(source))}
        )
        parts = _parts(source)
    if any(_CSV_SCAN.search(str(cell)) for row in scan for cell in row.values()) or any(map(_CSV.search, parts)):
        raise UsageError(f"{told} {_NO_CSV}")
    opened = Opened(name=name, path=_FRAME, parts=parts, source=source)
    return _add_frame(opened, source.schema, contract, lambda: source)


def list_again(spark: Any, opened: Opened) -> tuple[str, ...]:
    """Return the parts that are there now."""
    with spark_errors():
        if isinstance(opened.source, str):
            return _parts(_reader(spark).schema("id string").parquet(opened.source))
        return _parts(opened.source)


def is_there(spark: Any, path: str) -> bool:
    """Say whether there is anything at a path."""
    try:
        with spark_errors():
            _reader(spark).schema("id string").parquet(path).inputFiles()
    except SparkError as error:
        if error.condition == "PATH_NOT_FOUND":
            return False
        raise
    return True


def require_path(text: str, told: str) -> None:
    """Raise UsageError for a path that is empty or that Spark would take for a pattern."""
    if not text.strip() or "\0" in text:
        raise UsageError(f"{told} is empty")
    if _GLOB.search(text):
        raise UsageError(f"{told}: {without_secrets(text)}: Spark takes * ? [ ] {{ }} and \\ in a path for a pattern")


def find_unreadable(error: SparkError, opened: Sequence[Opened]) -> Opened | None:
    """Return the pillar of a part that Spark can't read, with the finding; None if the error is another one."""
    if not error.condition.startswith("FAILED_READ_FILE"):
        return None
    found = _PART.search(error.text)
    part = found[1] if found else ""
    plain = _plain(part)
    for each in opened:
        if any(_plain(other) == plain for other in each.parts):
            return each.note("PBL101", f"{_last(part)} can't be read as Parquet", hint="write that part again")
    return None


def note_lacking(spark: Any, opened: Opened, contract: Contract) -> Opened:
    """Return the pillar with findings about parts that lack a column: Spark shows nothing but NULL there."""
    if not isinstance(opened.source, str):
        return opened
    wanted = contract.columns if opened.name is not None else (contract.id,)
    for part, schema in _schemas(spark, opened.parts):
        have = {column.name for column in schema.fields}
        for column in wanted:
            if column not in have:
                message = f"{_last(part)} has no column {column!r}"
                opened = opened.note("PBL201", message, column=column)
    return opened


def _open_path(spark: Any, name: str | None, path: str, contract: Contract) -> Opened:
    told = "template" if name is None else f"pillars: {name!r}"
    require_path(path, told)
    if _CSV.search(path):
        raise UsageError(f"{told}: {without_secrets(path)} {_NO_CSV}")
    opened = Opened(name=name, path=without_secrets(path), source=path)
    try:
        with strict_settings(spark, caseSensitive="true"), spark_errors():
            opened = replace(opened, parts=_parts(_reader(spark).schema("id string").parquet(path)))
            schema = _reader(spark).option("mergeSchema", "true").parquet(path).schema
    except SparkError as error:
        if error.condition == "PATH_NOT_FOUND":
            told = f"{told}: {opened.path}: is not there"
        elif error.condition == "UNABLE_TO_INFER_SCHEMA":
            return opened.note("PBL102", "there is no Parquet file in it", hint="write the predictions there")
        elif error.condition.startswith("FAILED_READ_FILE"):
            if any(map(_CSV.search, opened.parts)):
                raise UsageError(f"{told}: {opened.path} {_NO_CSV}") from None
            bad = find_unreadable(error, [opened])
            return bad or opened.note("PBL101", "a part can't be read as Parquet", hint="write that part again")
        elif error.condition == "CANNOT_MERGE_SCHEMAS":
            return _by_parts(spark, opened, contract)
        else:
            told = f"{told}: {opened.path}: can't be read: {error.told}"
    else:
        return _add_frame(opened, schema, contract, lambda: _reader(spark).schema(schema).parquet(path))
    raise InputError(told)


def _by_parts(spark: Any, opened: Opened, contract: Contract) -> Opened:
    """Open a pillar whose parts differ in their types: the first part at fault, else what all of them widen to."""
    widest: dict[str, Any] = {}
    for part, schema in _schemas(spark, opened.parts):
        judged = _judge(replace(opened, findings=()), schema, contract)
        if judged.findings:
            found = [replace(each, message=f"{_last(part)}: {each.message}") for each in judged.findings]
            return replace(opened, findings=(*opened.findings, *found))
        for column in schema.fields:
            if opened.name is None and column.name != contract.id:
                continue
            before = widest.setdefault(column.name, column)
            kinds = [each.dataType.simpleString() for each in (before, column)]
            if column.name == contract.id and (kinds[0] in WHOLE) != (kinds[1] in WHOLE):
                message = f"{_last(part)} has {kinds[1]} in {column.name!r}, other parts {kinds[0]}"
                return opened.note("PBL208", message, column=column.name)
            order = (*WHOLE, *_DOUBLES)
            if all(kind in order for kind in kinds) and order.index(kinds[1]) > order.index(kinds[0]):
                widest[column.name] = column
    if len(opened.parts) > _MOST_PARTS or not widest:
        return opened.note("PBL208", "its parts have different types")
    schema = type(schema)(list(widest.values()))
    return _add_frame(opened, schema, contract, lambda: _reader(spark).schema(schema).parquet(opened.source))


def _add_frame(opened: Opened, schema: Any, contract: Contract, frame: Callable[[], Any]) -> Opened:
    """Return it with its frame, if the schema is the contract's; columns are addressed by place, never by name."""
    judged = _judge(opened, schema, contract)
    if judged.findings:
        return judged
    names = {contract.id: "id"} | {target: f"t{n}" for n, target in enumerate(contract.targets)}
    ordered = [names[column.name] for column in schema.fields]
    kind = next(c.dataType.simpleString() for c in schema.fields if c.name == contract.id)
    with engine_errors(), spark_errors():
        return replace(judged, frame=frame().toDF(*ordered), kind=kind)


def _judge(opened: Opened, schema: Any, contract: Contract) -> Opened:
    """Compare a schema with the contract's. A template needs the ids only, and its targets are never looked at.

    Many columns that are not expected are told together, by the first few.
    """
    kinds = {column.name: column.dataType.simpleString() for column in schema.fields}
    for column, times in Counter(column.name for column in schema.fields).items():
        if times > 1:
            opened = opened.note("PBL203", f"{plural(times, 'column')} of the name {column!r}", column=column)
    ids_only = opened.name is None and set(kinds) & set(contract.targets) == set()
    missing = [c for c in contract.columns if c not in kinds and not (ids_only and c in contract.targets)]
    extra = [c for c in kinds if c not in contract.columns]
    for column in missing:
        near = next((other for other in extra if other.strip().casefold() == column.strip().casefold()), None)
        if near is None:
            have = ", ".join(map(safe, kinds))
            opened = opened.note("PBL201", f"no column {column!r}; there are: {have}", column=column)
        else:
            extra.remove(near)
            opened = opened.note("PBL204", f"{near!r} stands for {column!r}", column=column, examples=(_cell(near),))
    expected = f"not expected; expected are {', '.join(contract.columns)}"
    if len(extra) > _FEW:
        named = tuple(map(_cell, extra[:_FEW]))
        opened = opened.note("PBL202", f"{len(extra):,} columns are {expected}", count=len(extra), examples=named)
    for column in extra if len(extra) <= _FEW else ():
        opened = opened.note("PBL202", f"the column {column!r} is {expected}", column=column)
    for column, kind, allowed in _column_types(kinds, contract, ids_only=opened.name is None):
        if kind not in allowed:
            opened = opened.note("PBL208", f"{kind} in {column!r}; expected is {' or '.join(allowed)}", column=column)
    return opened


def _column_types(
    kinds: dict[str, str], contract: Contract, *, ids_only: bool
) -> Iterator[tuple[str, str, Sequence[str]]]:
    for column in contract.columns[: 1 if ids_only else None]:
        if column in kinds:
            yield column, kinds[column], ("string", *WHOLE) if column == contract.id else _DOUBLES


def _schemas(spark: Any, parts: Sequence[str]) -> list[tuple[str, Any]]:
    """Return the schema of each of the first parts; together they had a fault."""
    with engine_errors(), strict_settings(spark, caseSensitive="true"), spark_errors():
        return [(part, _reader(spark).parquet(part).schema) for part in parts[:_MOST_PARTS]]


def _reader(spark: Any) -> Any:
    """Return a reader that skips nothing, whatever the cluster's settings."""
    options = {"ignoreCorruptFiles": "false", "ignoreMissingFiles": "false", "mergeSchema": "false"}
    return spark.read.options(**options)


def _parts(frame: Any) -> tuple[str, ...]:
    return tuple(sorted(frame.inputFiles()))


def _generate_names(frame: Any) -> list[str]:
    return [f"c{n}" for n in range(len(frame.columns))]


def _cell(value: str) -> Example:
    return Example(value=value)


def _last(part: str) -> str:
    """Return the name of a part, without the folders."""
    return without_secrets(part.rstrip("/").rpartition("/")[2])


def _plain(uri: str) -> str:
    """Return an address as it can be compared: `file:/a`, `file:///a` are one."""
    return re.sub(r"^(\w+:)/+", r"\1/", uri)
