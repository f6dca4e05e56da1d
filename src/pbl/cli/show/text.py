"""A report as text for a terminal: a line a file, its findings below, the verdict last.

`validate` prints it to stdout; a command that was stopped by findings says it on stderr.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show.colour import Colour, paint
from pbl.cli.show.columns import measure, pad
from pbl.domain.report import tally
from pbl.domain.rules import Severity
from pbl.domain.wording import plural, quote, safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pbl.domain.findings import Example, Finding
    from pbl.domain.report import FileReport, Report

_ORDER = "PBL604"
_COLOURS = {Severity.ERROR: Colour.BAD, Severity.WARNING: Colour.DOUBTFUL, Severity.INFO: Colour.NOTE}
_LONGEST_CELL = 80


def report_lines(report: Report, *, colour: bool) -> Iterable[str]:
    """Yield the lines of a report."""
    files = [*report.files, *([report.template] if report.template else [])]
    width = max((measure(_name(file)) for file in files), default=0)
    for file in files:
        rows = "rows not counted" if file.rows is None else plural(file.rows, "row")
        outcome = _outcome(report, file, colour=colour)
        yield f"{pad(_name(file), width)}  {safe(file.path)}  {rows}: {outcome}"
        for finding in report.of(file):
            if finding.code != _ORDER:
                yield from finding_lines(finding, colour=colour, indent="  ")
        if file.not_checked:
            yield f"  not checked: {', '.join(file.not_checked)}"
    yield from _order_lines(report)
    if any(_is_below_rows(example, file) for file in files for each in report.of(file) for example in each.examples):
        yield "rows are counted as a spreadsheet counts them: the header is row 1"
    if report.set_aside:
        yield f"set aside: {', '.join(map(safe, report.set_aside))}"
    if report.not_read:
        yield f"not read: {', '.join(map(safe, report.not_read))}"
    yield paint(report.verdict(), Colour.GOOD if report.fine else Colour.BAD, on=colour)


def finding_lines(finding: Finding, *, colour: bool, indent: str = "", who: str = "") -> Iterable[str]:
    """Yield the lines of one finding: the problem, its owner if that is shown, its first places, and the remedy."""
    word = paint(str(finding.severity), _COLOURS[finding.severity], on=colour)
    column = f" in {safe(finding.column)}" if finding.column else ""
    whose = f"{safe(who)}: " if who else ""
    yield f"{indent}{word} {finding.code} {finding.rule}{column}: {whose}{safe(finding.message)}"
    for example in finding.examples:
        if place := _place(example):
            yield f"{indent}    {place}"
    if finding.examples and finding.count > len(finding.examples):
        yield f"{indent}    and {finding.count - len(finding.examples):,} more"
    if finding.severity is not Severity.INFO:
        yield f"{indent}    -> {safe(finding.hint)}"


def _is_below_rows(example: Example, file: FileReport) -> bool:
    """Say whether a row's number is above the number of rows, which leaves the header out."""
    return example.row is not None and file.rows is not None and example.row > file.rows


def _name(file: FileReport) -> str:
    return safe(file.pillar or "template")


def _outcome(report: Report, file: FileReport, *, colour: bool) -> str:
    """Return the result of a file in short: `ok`, or the number of errors and warnings."""
    found = report.of(file)
    parts = [
        paint(told, _COLOURS[severity], on=colour)
        for severity in (Severity.ERROR, Severity.WARNING)
        if (told := tally([x for x in found if x.severity is severity]))
    ]
    if hidden := tally([x for x in report.hidden_findings(file) if x.severity is not Severity.INFO]):
        parts.append(paint(f"not shown: {hidden}", Colour.DOUBTFUL, on=colour))
    if not parts and file.not_checked:
        return paint("not checked", Colour.DOUBTFUL, on=colour)
    return ", ".join(parts) or paint("ok", Colour.GOOD, on=colour)


def _place(example: Example) -> str:
    row = " ".join(
        part for part in (safe(example.part or ""), "" if example.row is None else f"row {example.row:,}") if part
    )
    value = "" if example.value in {None, example.id} else quote((example.value or "")[:_LONGEST_CELL])
    return "  ".join(part for part in (row, safe(example.id or ""), value) if part)


def _order_lines(report: Report) -> Iterable[str]:
    """Yield one line that names the files of another row order: it is harmless, and common to most files."""
    others = [x for x in report.findings if x.code == _ORDER]
    if others:
        names = ", ".join(safe(who) for who in dict.fromkeys(x.pillar or "template" for x in others))
        yield f"info {_ORDER} {others[0].rule}: {names}; {others[0].hint}"
