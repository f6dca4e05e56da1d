"""A strict reader of its own: what a prediction file says, or which findings it must give.

It is written against the dialect's description and shares no line with `pbl.reading`: the whole text at once, Python's
`csv` for the cells, and every extra rule spelt out a second time.
"""

from __future__ import annotations

import csv
import io
import re
import unicodedata
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from support.generator import BLANKS

if TYPE_CHECKING:
    from collections.abc import Iterable

STRUCTURE = frozenset({"PBL103", "PBL105", "PBL106", "PBL107", "PBL108", "PBL301", "PBL302", "PBL303"})
HEADER = frozenset({"PBL201", "PBL202", "PBL203", "PBL204", "PBL205", "PBL206"})
WHOLE_FILE = frozenset({"PBL102", "PBL103", "PBL104", "PBL105", "PBL108", "PBL109", "PBL303"})
ANYTHING = STRUCTURE | HEADER | WHOLE_FILE
_QUOTED = re.compile(r'(?:\A|(?<=[,\n]))"(?:[^"]|"")*"(?=,|\r?\n|\Z)')
_DIGITS = "0123456789"
LARGEST = 1.7976931348623157e308


@dataclass(kw_only=True)
class Verdict:
    """What is to be found (`exactly`), or any of `some` and perhaps more of `some`; `rows` if the file is sound."""

    exactly: frozenset[str] | None = None
    some: frozenset[str] = frozenset()
    warnings: frozenset[str] = frozenset()
    rows: list[tuple[str, ...]] = field(default_factory=list)

    @property
    def sound(self) -> bool:
        return self.exactly == frozenset()

    def allows(self, errors: Iterable[str]) -> bool:
        found = frozenset(errors)
        return found == self.exactly if self.exactly is not None else bool(found) and found <= self.some


@dataclass(frozen=True, kw_only=True)
class Wanted:
    """The contract, said a second time."""

    id: str = "sample_id"
    targets: tuple[str, ...] = ("target",)
    id_pattern: str | None = None
    min: float | None = None
    max: float | None = None


def read(data: bytes, wanted: Wanted) -> Verdict:
    """Read a file of a few kilobytes."""
    bare = data.removeprefix(b"\xef\xbb\xbf")
    if not bare.strip():
        return Verdict(exactly=frozenset({"PBL102"}))
    try:
        text = bare.decode("utf-8")
    except UnicodeDecodeError:
        return Verdict(some=ANYTHING)
    skeleton = _QUOTED.sub("Q", text)
    if '"' in skeleton or "\0" in text:
        return Verdict(some=ANYTHING | {"PBL106"})
    if "\r" in text and "\n" not in text and '"' not in text:
        return Verdict(some=frozenset({"PBL108", "PBL109"}))  # a picture's first bytes may be in it as well
    return _read_table(text, skeleton.split("\n"), wanted)


def _read_table(text: str, lines: list[str], wanted: Wanted) -> Verdict:
    """Read text whose quotes are in order; `lines` are its lines with each quoted cell made a Q."""
    if ended := not lines[-1]:
        lines.pop()
    table = [_cells(record) for record in _records(text)]
    header = table[0]
    returned = "\r" in (lines[0].removesuffix("\r") if ended or lines[1:] else lines[0])
    if returned or sorted(header) != sorted((wanted.id, *wanted.targets)):
        return Verdict(some=ANYTHING)
    found = _broken(lines, table, ended=ended)
    warnings = set() if ended else {"PBL701"}
    if header != [wanted.id, *wanted.targets]:
        warnings.add("PBL207")
    if found:
        return Verdict(exactly=frozenset(found), warnings=frozenset(warnings))
    order = [header.index(name) for name in (wanted.id, *wanted.targets)]
    rows = [tuple(cells[n] for n in order) for cells in table[1:]]
    return _judged(rows, wanted, warnings)


def _broken(lines: list[str], table: list[list[str]], *, ended: bool) -> set[str]:
    found = set()
    returns = {line.endswith("\r") for line in (lines if ended else lines[:-1])}
    bare = any("\r" in line.removesuffix("\r") for line in lines) or (not ended and lines[-1].endswith("\r"))
    if len(returns) > 1 or bare:
        found.add("PBL108")
    if len(table) == 1:
        found.add("PBL107")
    for line, cells in zip(lines[1:], table[1:], strict=True):
        if len(cells) != len(table[0]):
            blank = not line.strip()
            found.add("PBL303" if blank else "PBL301" if len(cells) < len(table[0]) else "PBL302")
    return found


def _records(text: str) -> list[str]:
    """Cut at the line feeds that no quoted cell holds; every quote is known to belong to one."""
    records, quotes = [""], 0
    for piece in re.split(r'("|\n)', text):
        quotes += piece == '"'
        if piece == "\n" and quotes % 2 == 0:
            records.append("")
        else:
            records[-1] += piece
    return records if records[-1] else records[:-1]


def _cells(record: str) -> list[str]:
    """Have `csv` take one record apart; a carriage return at its end belongs to the line end."""
    mark = next(c for c in map(chr, range(0xE000, 0xF8FF)) if c not in record)
    rows = list(csv.reader(io.StringIO(record.removesuffix("\r").replace("\r", mark), newline=""), strict=True))
    return [cell.replace(mark, "\r") for cell in rows[0]] if rows else [""]


def _judged(rows: list[tuple[str, ...]], wanted: Wanted, warnings: set[str]) -> Verdict:
    found = set()
    ids = [row[0] for row in rows]
    solid = [text for text in ids if text.strip(BLANKS)]
    if len(solid) < len(ids):
        found.add("PBL401")
    if any(text != text.strip(BLANKS) for text in solid):
        found.add("PBL404")
    if len(set(solid)) < len(solid):
        found.add("PBL402")
    if wanted.id_pattern is not None:
        found |= {"PBL403" for t in solid if t == t.strip(BLANKS) and not re.fullmatch(wanted.id_pattern, t)}
    found |= {code for row in rows for cell in row[1:] if (code := _fault(cell, wanted))}
    folded = [unicodedata.normalize("NFKC", text).casefold() for text in set(ids)]
    if len(set(folded)) < len(folded):
        warnings.add("PBL605")
    if not found and len(rows) > 1:
        columns = list(zip(*(map(float, row[1:]) for row in rows), strict=True))
        warnings |= {"PBL551" for column in columns if min(column) == max(column)}
    return Verdict(exactly=frozenset(found), warnings=frozenset(warnings), rows=rows if not found else [])


def _fault(cell: str, wanted: Wanted) -> str | None:
    if not cell.strip(BLANKS):
        return "PBL501"
    word = cell[1:] if cell[0] in "+-" else cell
    if cell.isascii() and word.lower() in {"nan", "inf", "infinity"}:
        return "PBL503" if word.lower() == "nan" else "PBL504"
    return _out_of_bounds(float(cell), wanted) if _decimal(cell) else "PBL502"


def _out_of_bounds(value: float, wanted: Wanted) -> str | None:
    if abs(value) > LARGEST:
        return "PBL504"
    if wanted.min is not None and value < wanted.min:
        return "PBL505"
    return "PBL506" if wanted.max is not None and value > wanted.max else None


def _decimal(cell: str) -> bool:
    """Say whether a cell is a sign, digits with at most one point among them, and perhaps a whole exponent."""
    base, letter, exponent = cell.replace("E", "e").partition("e")
    base, exponent = _unsigned(base), _unsigned(exponent)
    whole, _, part = base.partition(".")
    digits = whole + part
    good = bool(digits) and all(c in _DIGITS for c in digits)
    return good and (not letter or (bool(exponent) and all(c in _DIGITS for c in exponent)))


def _unsigned(text: str) -> str:
    return text[1:] if text[:1] in {"+", "-"} else text
