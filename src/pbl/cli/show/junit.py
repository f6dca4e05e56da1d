"""A report as JUnit XML: a test case for each file, which fails if the file fails the validation.

A form of `show.report`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.etree import ElementTree as ET

from pbl.cli.show.text import finding_lines
from pbl.domain.wording import safe

if TYPE_CHECKING:
    from pbl.domain.findings import Finding
    from pbl.domain.report import FileReport, Report


def render_junit(report: Report) -> str:
    """Return the XML."""
    suites = ET.Element("testsuites")
    files = [*report.files, *([report.template] if report.template else [])]
    suite = ET.SubElement(suites, "testsuite", name="pbl validate", tests=str(len(files)))
    failed = [_add_case(suite, report, file) for file in files]
    suite.set("failures", str(sum(failed)))
    ET.indent(suites)
    return '<?xml version="1.0" encoding="UTF-8"?>\n' + ET.tostring(suites, encoding="unicode")


def _add_case(suite: ET.Element, report: Report, file: FileReport) -> bool:
    """Add a file's test case; return whether it fails."""
    case = ET.SubElement(suite, "testcase", classname=_text(file.pillar or "template"), name=_text(file.path))
    found = report.of(file)
    bad = [x for x in found if report.fails(x)]
    for finding in bad:
        failure = ET.SubElement(case, "failure", type=f"{finding.code} {finding.rule}", message=_text(finding.message))
        failure.text = _lines([finding])
    if others := [x for x in found if x not in bad]:
        ET.SubElement(case, "system-out").text = _lines(others)
    return bool(bad)


def _lines(findings: list[Finding]) -> str:
    return _text(
        "\n".join(
            line for each in findings for line in finding_lines(each, colour=False, who=each.pillar or "template")
        )
    )


def _text(text: str) -> str:
    return safe(text, keep="\n")
