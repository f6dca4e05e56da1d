"""Read a CSV file's first bytes: find that it isn't CSV, or its header and the places of the contract's columns.

The last step of `survey`, which scanned the bytes.
"""

from __future__ import annotations

import re
import unicodedata
from collections import Counter
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.findings import Example, Finding, finding
from pbl.domain.values import NUMBER
from pbl.reading._records import BOM, Lines, Record, printable
from pbl.reading._scan import RECORD_LIMIT

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence
    from pathlib import Path

    from pbl.domain.contract import Contract
    from pbl.reading._scan import Scan

_WIDE_BOMS = {b"\xff\xfe\0\0": "UTF-32", b"\0\0\xfe\xff": "UTF-32", b"\xff\xfe": "UTF-16", b"\xfe\xff": "UTF-16"}
_MAGIC = {
    b"\x1f\x8b": "gzip data",
    b"PK\x03\x04": "a zip archive (or a spreadsheet)",
    b"PK\x05\x06": "a zip archive",
    b"PAR1": "a Parquet file",
    b"ARROW1": "an Arrow file",
    b"BZh": "bzip2 data",
    b"\xfd7zXZ\0": "xz data",
    b"\x28\xb5\x2f\xfd": "zstd data",
    b"7z\xbc\xaf\x27\x1c": "a 7-zip archive",
    b"\x93NUMPY": "a NumPy array",
    b"\x89HDF\r\n\x1a\n": "an HDF5 file",
    b"SQLite format 3\0": "an SQLite database",
    b"%PDF-": "a PDF",
    b"\x89PNG\r\n": "a PNG picture",
    b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1": "an old Office document",
    b"\x80\x04\x95": "a Python pickle",
    b"\x80\x05\x95": "a Python pickle",
}
_FEW = 5
"""The most columns that are told one by one."""
Misnamed = tuple[str, str, str | None, tuple[str, ...]]
"""A code, a message, the column that it is about and the names as they stand in the header."""
_DATA = re.compile(rf"{NUMBER}|[+-]?(nan|inf(inity)?)|n/?a|null|none|", re.IGNORECASE)


_EXCEL = re.compile(r"sep=(.)", re.IGNORECASE)
"""The line above the header with which Excel names the separator."""


@dataclass(frozen=True, kw_only=True)
class Header:
    """A file's header; `findings` say what is wrong with it, or why there is none.

    `columns` are the places of the contract's columns in a row, the id first; empty if the header isn't as it must be.
    `first` is the first row's id, if there is one. `stopped` says that the rows are not worth parsing.
    """

    names: tuple[str, ...] = ()
    columns: tuple[int, ...] = ()
    first: str | None = None
    findings: tuple[Finding, ...] = ()
    stopped: bool = False


def read_header(fd: int, contract: Contract, scan: Scan, head: bytes, *, path: Path, pillar: str | None) -> Header:
    """Return the header of scanned bytes, with findings if they can't be parsed or it isn't the contract's."""
    about = _About(path, pillar)
    misfit = _find_misfit(scan, head, contract)
    if misfit is None:
        lines = Lines(fd)
        record = Record(lines, lines.take() or "")
        second = lines.take()
        below = Record(lines, second) if second else None
        misfit = _find_misreading(record)
        if misfit is None:
            names = tuple(record.cells)
            columns, findings = _match_columns(about, contract, names)
            first = below.cells[columns[0]] if below and columns and len(below.cells) == len(names) else None
            return Header(names=names, columns=columns, first=first, findings=tuple(findings))
    code, message, row = misfit
    return Header(findings=(about.finding(code, message, row),), stopped=True)


@dataclass(frozen=True)
class _About:
    """Which file the findings are about."""

    path: Path
    pillar: str | None

    def finding(
        self, code: str, message: str, row: int | None, *, column: str | None = None, values: Sequence[str] = ()
    ) -> Finding:
        shown: Sequence[str | None] = [printable(value) for value in values[:_FEW]] or [None]
        return finding(
            code,
            file=str(self.path),
            pillar=self.pillar,
            column=column,
            message=message,
            count=max(len(values), 1),
            examples=() if row is None else tuple(Example(row=row, value=value) for value in shown),
        )


def _find_misfit(scan: Scan, head: bytes, contract: Contract) -> tuple[str, str, int | None] | None:
    """Return the code, message and row of why the bytes can't be parsed as text, or None."""
    headed = head.partition(b"\n")[0].removesuffix(b"\r") == ",".join(contract.columns).encode()
    kind = None if headed else next((kind for magic, kind in _MAGIC.items() if head.startswith(magic)), None)
    if not (kind or headed) and re.match(rb"\s*<(!doctype|html|\?xml)", head, re.IGNORECASE):
        kind = "a web page or XML"
    if kind:
        return "PBL109", f"is {kind}, not CSV", None
    wide = next((name for bom, name in _WIDE_BOMS.items() if head.startswith(bom)), None) or _name_unmarked(head)
    if wide:
        return "PBL103", f"is {wide}, not UTF-8", None
    if scan.size <= len(head) and not head.removeprefix(BOM).strip():
        return "PBL102", "holds nothing but white space" if scan.size else "is empty", None
    if scan.cr and not scan.lf and not scan.quote:
        return "PBL108", "ends its lines with CR alone", 1
    if scan.endless:
        row = None if scan.quote else scan.endless
        return "PBL109", f"has a line of more than {RECORD_LIMIT:,} bytes", row
    return None


def _find_misreading(header: Record) -> tuple[str, str, int | None] | None:
    """Return the code, message and row of why the header can't be parsed, or None."""
    if header.fault:
        return header.fault, "the header is broken by a quote", 1
    if not header.raw.strip():
        return "PBL303", "the first line is blank, where the header should stand", 1
    only = header.cells[0] if len(header.cells) == 1 else ""
    if excel := _EXCEL.fullmatch(header.raw.strip().strip('"')):
        said = f"the first line is Excel's {printable(excel[0])!r}, where the header should stand; delete it"
        return ("PBL206" if excel[1] == "," else "PBL104"), said, 1
    delimiter = next((d for d in ";\t|" if d in only), None)
    if delimiter:
        name = "a tab" if delimiter == "\t" else repr(delimiter)
        return "PBL104", f"columns are separated by {name}, not by a comma: {printable(only)[:80]!r}", 1
    return None


def _match_columns(about: _About, contract: Contract, header: tuple[str, ...]) -> tuple[tuple[int, ...], list[Finding]]:
    """Return the places of the contract's columns (none if one is missing), and what is wrong with the header."""
    wanted = contract.columns
    folded = {_fold(name) for name in wanted}
    looks_like_data = any(_DATA.fullmatch(name) for name in header[not header[0] :])  # a saved index has no name
    if looks_like_data and not any(_fold(name) in folded for name in header):
        text = ",".join(header)
        return (), [about.finding("PBL206", "the first row looks like data, not like a header", 1, values=[text])]
    faults = [*_find_repeated(_leave_out_others(header, contract)), *find_misnamed(header, contract)]
    if faults:
        return (), [about.finding(code, text, 1, column=name, values=names) for code, text, name, names in faults]
    found = []
    if not contract.open and tuple(name for name in header if name in wanted) != wanted:
        text = ",".join(header)
        found = [about.finding("PBL207", f"the columns are in another order: {text}", 1, values=[text])]
    return tuple(header.index(name) for name in wanted), found


def _find_repeated(header: tuple[str, ...]) -> Iterator[Misnamed]:
    for name, times in Counter(header).items():
        if name and times > 1:
            yield "PBL203", f"the column {name!r} is {times} times in the header", name, (name,)


def _leave_out_others(header: tuple[str, ...], contract: Contract) -> tuple[str, ...]:
    """Return the columns without those that an open contract leaves alone: neither named nor like a missing one."""
    if not contract.open:
        return header
    named = (*contract.columns, *contract.optional)
    missing = {_fold(name) for name in contract.columns if name not in header}
    return tuple(name for name in header if name in named or _fold(name) in missing)


def find_misnamed(header: tuple[str, ...], contract: Contract) -> Iterator[Misnamed]:
    """Yield what is wrong with each column that a header lacks, misspells or must not have.

    Many columns that it must not have are told together.
    """
    wanted, seen = contract.columns, _leave_out_others(header, contract)
    extra = [name for name in dict.fromkeys(seen) if name not in wanted and name not in contract.optional]
    for name in (*wanted, *contract.optional):
        if name in header:
            continue
        near = next((other for other in extra if _fold(other) == _fold(name)), None)
        if near is None and name in contract.optional:
            continue
        if near is None:
            yield "PBL201", f"there is no column {name!r}; the header is {printable(','.join(header))!r}", name, ()
        else:
            extra.remove(near)
            yield "PBL204", f"the column {near!r} should be named {name!r}", name, (near,)
    others = [name for name in extra if name.strip() and not name.startswith("Unnamed:")]
    expected = ", ".join((*wanted, *contract.optional))
    for name in extra:
        if not name.strip():
            yield "PBL205", "a column has no name", name, (name,)
        elif name.startswith("Unnamed:"):
            yield "PBL205", f"the column {name!r} had no name", name, (name,)
        elif len(others) <= _FEW:
            yield "PBL202", f"the column {name!r} is not expected; expected are {expected}", name, (name,)
    if len(others) > _FEW:
        yield "PBL202", f"{len(others):,} columns are not expected; expected are {expected}", None, tuple(others)


def _fold(name: str) -> str:
    return unicodedata.normalize("NFKC", name).replace("\ufeff", "").strip().strip("'\"").strip().casefold()


def _name_unmarked(head: bytes) -> str | None:
    """Name the encoding if every other byte of the beginning is NUL, or three of four, as wide Latin text has it."""
    start = head[:64]
    if len(start) <= len("id") or not any(start) or (any(start[1::2]) and any(start[::2])):
        return None
    wider = sum(any(start[place::4]) for place in range(4)) == 1
    return f"{'UTF-32' if wider else 'UTF-16'} without a byte-order mark"
