"""A report as workflow commands, which GitHub shows beside the lines of a file.

A form of `show.report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.rules import Severity
from pbl.domain.wording import quote, safe

if TYPE_CHECKING:
    from collections.abc import Iterable

    from pbl.domain.findings import Example
    from pbl.domain.report import Report

_LEVELS = {Severity.ERROR: "error", Severity.WARNING: "warning", Severity.INFO: "notice"}


def report_lines(report: Report) -> Iterable[str]:
    """Yield a line for each place of each finding."""
    for finding in report.findings:
        title = _property(f"{finding.code} {finding.rule}")
        for example in finding.examples or (None,):
            line = f",line={example.row}" if example and example.row else ""
            text = _message(f"{finding.message}{_place(example)}; {finding.hint}")
            file = f"{finding.file}/{example.part}" if example and example.part else finding.file
            yield f"::{_LEVELS[finding.severity]} file={_property(file)}{line},title={title}::{text}"


def _place(example: Example | None) -> str:
    """Return id and cell, if they are known, in brackets."""
    if example is None:
        return ""
    value = None if example.value == example.id else example.value
    cell = "" if value is None else quote(value) if value else "an empty cell"
    told = " ".join(part for part in (example.id, cell) if part)
    return f" ({told})" if told else ""


def _message(text: str) -> str:
    return safe(text.replace("%", "%25").replace("\r", "%0D").replace("\n", "%0A"))


def _property(text: str) -> str:
    return _message(text).replace(":", "%3A").replace(",", "%2C")
