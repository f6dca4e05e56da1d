"""Compare the columns of Parquet parts with the contract: names and types exactly, and the same in all parts.

Called after `parquet` has read the footers and before the rows are read, because engines silently cast and fill columns
that differ between parts.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING

from pbl.domain.findings import Example, Finding, finding
from pbl.domain.rules import Severity
from pbl.domain.wording import plural
from pbl.reading._header import Header, Misnamed, find_misnamed

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    import polars as pl

    from pbl.domain.contract import Contract
    from pbl.reading.parquet import Part, PartsFile

__all__ = ["Header", "is_readable_text", "is_text", "match_columns"]

_SHOWN = 5
_INDEX = re.compile(r"__index_level_[0-9]+__")
"""The name under which pandas saves an index."""


def match_columns(file: PartsFile, contract: Contract, *, ids_only: bool = False) -> Header:
    """Return the header that all parts have; its findings say what is wrong with which part.

    `columns` is empty if any part is not as it must be. Of a template (`ids_only`) the numbers' types don't matter.
    """
    first = next((part for part in file.parts if not part.fault), None)
    places: dict[Misnamed, list[str]] = {}
    for part in file.parts:
        for fault in _find_faults(part, first, contract, ids_only=ids_only):
            places.setdefault(fault, []).append(part.name)
    findings = tuple(_tell(file, fault, parts) for fault, parts in places.items())
    names = tuple(first.columns) if first else ()
    wrong = any(found.severity is Severity.ERROR for found in findings)
    columns = () if wrong else tuple(names.index(name) for name in contract.columns)
    return Header(names=names, columns=columns, findings=findings, stopped=first is None)


def is_text(kind: pl.DataType) -> bool:
    """Say whether a column holds text, however it is kept."""
    import polars as pl

    return isinstance(kind, pl.String | pl.Categorical | pl.Enum)


def is_uniform(file: PartsFile, names: Sequence[str]) -> bool:
    """Say whether all engines read the same from some columns: one schema in all parts, text and common numbers.

    Where types differ, engines cast; where names differ by case only, they may take one column for the other.
    """
    first = file.parts[0].columns
    one_schema = all(list(part.columns.items()) == list(first.items()) for part in file.parts)
    distinct = len({name.casefold() for name in first}) == len(first)
    return one_schema and distinct and all(_is_common(first[name]) for name in names)


def _find_faults(part: Part, first: Part | None, contract: Contract, *, ids_only: bool) -> Iterator[Misnamed]:
    """Yield code, words, column and value of what is wrong with a part."""
    if part.fault:
        yield (*part.fault, None, ())
        return
    names = tuple(part.columns)
    for name in names:
        if _INDEX.fullmatch(name) and not contract.open:
            yield "PBL205", f"the column {name!r} is a saved index", name, (name,)
    names = tuple(name for name in names if not _INDEX.fullmatch(name))
    misnamed = list(find_misnamed(names, contract))
    yield from misnamed
    if not misnamed and not contract.open and tuple(n for n in names if n in contract.columns) != contract.columns:
        yield "PBL207", f"the columns are in another order: {','.join(names)}", None, ()
    yield from _find_mistyped(part, first, contract, ids_only=ids_only)


def _find_mistyped(part: Part, first: Part | None, contract: Contract, *, ids_only: bool) -> Iterator[Misnamed]:
    kinds = part.columns
    if (kind := kinds.get(contract.id)) is not None:
        if not (is_text(kind) or kind.is_integer()):
            yield "PBL208", f"ids are of type {kind}; expected are text or whole numbers", contract.id, ()
        elif first and (other := first.columns.get(contract.id)) is not None and _differ(kind, other):
            told = f"ids are of type {kind}, and of type {other} in {first.name}"
            yield "PBL208", told, contract.id, ()
    for target in () if ids_only else contract.targets:
        kind = kinds.get(target)
        if kind is not None and not (_is_float(kind) or (contract.open and kind.is_integer())):
            whole = "numbers are of type {}; expected are DOUBLE, FLOAT or whole numbers"
            told = whole if contract.open else "predictions are of type {}; expected is DOUBLE or FLOAT"
            yield "PBL208", told.format(kind), target, ()
    for name in contract.optional:
        kind, other = kinds.get(name), first.columns.get(name) if first else None
        if first and (kind is None) != (other is None):
            code, told = (
                ("PBL201", f"there is no column {name!r}; {first.name} has it")
                if kind is None
                else ("PBL202", f"the column {name!r} is not in {first.name}")
            )
            yield code, told, name, ()
        if kind is not None and not is_readable_text(kind):
            yield "PBL208", f"the column {name!r} is of type {kind}; expected are text or numbers", name, ()


def is_readable_text(kind: pl.DataType) -> bool:
    """Say whether a column beside ids and numbers can be read as text that says what the file says."""
    import polars as pl

    return is_text(kind) or kind.is_integer() or isinstance(kind, pl.Boolean | pl.Float64 | pl.Float32 | pl.Date)


def _is_float(kind: pl.DataType) -> bool:
    import polars as pl

    return isinstance(kind, pl.Float64 | pl.Float32)


def _is_common(kind: pl.DataType) -> bool:
    import polars as pl

    whole = pl.Int8 | pl.Int16 | pl.Int32 | pl.Int64 | pl.UInt8 | pl.UInt16 | pl.UInt32 | pl.UInt64
    return isinstance(kind, pl.String | whole) or _is_float(kind)


def _differ(kind: pl.DataType, other: pl.DataType) -> bool:
    return kind != other and not (is_text(kind) and is_text(other))


def _tell(file: PartsFile, fault: Misnamed, parts: list[str]) -> Finding:
    code, message, column, names = fault
    places = tuple(Example(value=name) for name in names[:_SHOWN]) if len(names) > 1 else ()
    if file.folder:
        places = tuple(Example(part=name, value=next(iter(names), None)) for name in parts[:_SHOWN])
        whole = Counter(parts).total() == len(file.parts) > 1
        where = f"all {plural(len(parts), 'part')}" if whole else ", ".join(parts[:_SHOWN])
        more = f" and {len(parts) - _SHOWN:,} more" if not whole and len(parts) > _SHOWN else ""
        message = f"{where}{more}: {message}"
    return finding(
        code,
        file=str(file.path),
        pillar=file.pillar,
        column=column,
        message=message,
        count=len(parts) * max(len(names), 1),
        examples=places,
    )
