"""A validation report in the form that was asked for: the last step of `pbl validate`.

A new form is a module beside this one, with its name and its case here.
"""

from __future__ import annotations

from enum import StrEnum
from typing import TYPE_CHECKING, assert_never

if TYPE_CHECKING:
    from pbl.domain.report import Report


class ReportFormat(StrEnum):
    """The forms of a report."""

    TABLE = "table"
    JSON = "json"
    GITHUB = "github"
    JUNIT = "junit"


def print_report(report: Report, form: ReportFormat) -> None:
    """Print a report to stdout; if its form has no place for the verdict, print that to stderr."""
    from pbl.cli.show import stderr, stdout

    match form:
        case ReportFormat.TABLE:
            from pbl.cli.show.text import report_lines

            stdout.write("\n".join(report_lines(report, colour=stdout.has_colours())))
        case ReportFormat.JSON:
            stdout.write_json(report.to_json())
        case ReportFormat.GITHUB:
            from pbl.cli.show.github import report_lines as github_lines

            for line in github_lines(report):
                stdout.write(line)
            stderr.write(report.verdict())
        case ReportFormat.JUNIT:
            from pbl.cli.show.junit import render_junit

            stdout.write(render_junit(report))
            stderr.write(report.verdict())
        case _:
            assert_never(form)


def tell_warnings(report: Report) -> None:
    """Say the warnings of a report on stderr."""
    from pbl.cli.show import stderr
    from pbl.cli.show.text import finding_lines
    from pbl.domain.rules import Severity

    for finding in report.findings:
        if finding.severity is Severity.WARNING:
            stderr.write("\n".join(finding_lines(finding, colour=stderr.has_colours(), who=report.who(finding))))
