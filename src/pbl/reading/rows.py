"""Read a file's rows, cell by cell, and find where its structure is broken.

The way to read files that aren't plain; `blocks` is the fast way, for plain files.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.findings import Example, Finding, Offences, finding
from pbl.domain.wording import plural
from pbl.reading._records import Lines, Record, printable

if TYPE_CHECKING:
    from collections.abc import Iterator

    from pbl.reading.survey import Survey

BROKEN_LIMIT = 100_000
"""The most broken rows that are counted; to parse the rest of such a file would take a minute and help nobody."""

_REREAD_LIMIT = 64 << 20
_BATCH_ROWS = 50_000
_PARTLY = "; so much is broken that the rest of the file was not looked at"


def tokenize(
    survey: Survey, limit: int | None, *, all_columns: bool = False
) -> tuple[Iterator[list[list[str]]], dict[str, Offences]]:
    """Return the file's rows in batches of columns, and where its structure is broken.

    A batch is a list of the contract's columns, or with `all_columns` of the header's, each a list of cells. The
    offences are complete when the batches are exhausted; the batches must be used only if there are none. After more
    than BROKEN_LIMIT broken rows the rest of the file is not read, and the offences are `partial`.
    """
    offences: dict[str, Offences] = {}
    positions = (
        tuple(range(len(survey.header.names))) if all_columns or not survey.header.columns else survey.header.columns
    )
    return _Tokens(survey, offences, limit).batches(positions), offences


def missing_line_end(survey: Survey) -> tuple[Finding, ...]:
    """Return the finding that a plain file's last line has no line end, if so."""
    if survey.scan.ends:
        return ()
    return explain_offences(
        survey, {"PBL701": Offences(limit=None, count=1, examples=[Example(row=survey.scan.rows + 1)])}
    )


def explain_offences(survey: Survey, offences: dict[str, Offences]) -> tuple[Finding, ...]:
    """Return what `tokenize` found as findings."""
    wanted = plural(len(survey.header.names), "field")
    said = {
        "PBL103": "{n} not valid UTF-8",
        "PBL105": "{n} broken by a quote",
        "PBL106": "{n} with a NUL byte",
        "PBL107": "a header and no row",
        "PBL108": "{n} ended otherwise than the rest (LF or CRLF), or with a bare CR inside",
        "PBL301": f"{{n}} with fewer than {wanted}",
        "PBL302": f"{{n}} with more than {wanted}",
        "PBL303": "{n} blank",
        "PBL701": "the last line has no line end",
    }
    return tuple(
        finding(
            code,
            file=str(survey.file.path),
            pillar=survey.file.pillar,
            message=said[code].format(n=plural(found.count, "row")) + (_PARTLY if found.partial else ""),
            count=found.count,
            examples=tuple(found.examples),
        )
        for code, found in sorted(offences.items())
    )


class _Tokens:
    """Parse a file, record by record, and note what is broken."""

    def __init__(self, survey: Survey, offences: dict[str, Offences], limit: int | None) -> None:
        self._survey = survey
        self._offences = offences
        self._limit = limit
        self._lf, self._crlf = Offences(limit=limit), Offences(limit=limit)
        self._ends = {"\n": self._lf, "\r\n": self._crlf}
        self._broken = 0
        self._partial = False

    def batches(self, positions: tuple[int, ...]) -> Iterator[list[list[str]]]:
        """Yield the sound rows' cells at `positions`, in batches of columns."""
        batch: list[list[str]] = [[] for _ in positions]
        rows = 0
        for row, record in self._records():
            rows += row > 1
            if not self._is_sound(row, record) or row == 1:
                continue
            for cells, position in zip(batch, positions, strict=True):
                cells.append(record.cells[position])
            if len(batch[0]) >= _BATCH_ROWS:
                yield batch
                batch = [[] for _ in positions]
        if not rows:
            self._offences["PBL107"] = Offences(limit=self._limit, count=1)
        rare = min(self._ends.values(), key=lambda found: found.count)
        if rare.count:
            self._merge("PBL108", rare)
        for found in self._offences.values():
            found.partial = self._partial
        yield batch

    def _records(self) -> Iterator[tuple[int, Record]]:
        lines = Lines(self._survey.file.fd)
        row = 0
        while (first := lines.take()) is not None:
            if self._is_hopeless() or lines.given_back > _REREAD_LIMIT:
                self._partial = True
                return
            row += 1
            record = Record(lines, first)
            yield row, record
            if record.endless:
                return
            if not record.end:
                self._offend("PBL701", row, record)

    def _is_hopeless(self) -> bool:
        return self._broken >= BROKEN_LIMIT or min(self._lf.count, self._crlf.count) >= BROKEN_LIMIT

    def _is_sound(self, row: int, record: Record) -> bool:
        """Note everything that is wrong with a record, and say whether its cells can be read."""
        if record.fault:
            self._offend(record.fault, row, record)
            return False
        if record.end:
            self._note(self._ends[record.end], row, record)
        cells = record.cells
        if self._survey.scan.nul and "\0" in record.raw:
            self._offend("PBL106", row, record)
        if foreign := not self._survey.scan.utf8 and _foreign(record.raw):
            self._offend("PBL103", row, record)
        if record.bare_cr:
            self._offend("PBL108", row, record)
        if len(cells) == len(self._survey.header.names):
            return not foreign
        blank = not record.raw.strip()
        self._offend(
            "PBL303" if blank else "PBL301" if len(cells) < len(self._survey.header.names) else "PBL302", row, record
        )
        return False

    def _id(self, record: Record) -> str | None:
        position = self._survey.header.columns[0] if self._survey.header.columns else -1
        return printable(record.cells[position]) if 0 <= position < len(record.cells) else None

    def _offend(self, code: str, row: int, record: Record) -> None:
        self._broken += 1
        self._note(self._offences.setdefault(code, Offences(limit=self._limit)), row, record)

    def _note(self, offences: Offences, row: int, record: Record) -> None:
        if offences.full:
            offences.add(row, None, None)
        else:
            offences.add(row, self._id(record), printable(record.raw))

    def _merge(self, code: str, more: Offences) -> None:
        offences = self._offences.setdefault(code, Offences(limit=self._limit))
        offences.count += more.count
        offences.examples = sorted(offences.examples + more.examples, key=lambda e: e.row or 0)[: self._limit]


def _foreign(raw: str) -> bool:
    return not raw.isascii() and any("\ud800" <= c <= "\udfff" for c in raw)
