"""The report of a validation: what was found in all files.

`checks` makes it; `cli.show` and `api` hand it out.
"""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pbl.domain.card import make_card
from pbl.domain.rules import RULES, Severity
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Collection, Iterable

    from pbl.domain.findings import Finding

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What is known of one file: its hash and rows if it could be read, and what wasn't checked."""

    pillar: str | None
    path: str
    sha256: str | None
    bytes: int | None
    rows: int | None
    not_checked: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `validate` found in all files."""

    files: tuple[FileReport, ...]
    template: FileReport | None
    set_aside: tuple[str, ...]
    findings: tuple[Finding, ...]
    hidden: tuple[Finding, ...] = ()
    """Findings that aren't shown, because other codes were selected or these were ignored."""
    not_read: tuple[str, ...] = ()
    fail_on: Severity = field(default=Severity.ERROR)

    @property
    def ok(self) -> bool:
        """Say whether no finding is as bad as `fail_on`."""
        return not any(map(self.fails, self.findings))

    def fails(self, finding: Finding) -> bool:
        """Say whether a finding is as bad as `fail_on`."""
        return finding.severity is Severity.ERROR or finding.severity is self.fail_on

    @property
    def fine(self) -> bool:
        """Say whether it is ok, and would be with the hidden findings too."""
        return not any(map(self.fails, (*self.findings, *self.hidden)))

    def of(self, file: FileReport) -> tuple[Finding, ...]:
        """Return the findings of one file."""
        return tuple(f for f in self.findings if (f.file, f.pillar) == (file.path, file.pillar))

    def hidden_findings(self, file: FileReport) -> tuple[Finding, ...]:
        """Return the findings of one file that aren't shown."""
        return tuple(f for f in self.hidden if (f.file, f.pillar) == (file.path, file.pillar))

    def who(self, finding: Finding) -> str:
        """Return the owner of a finding: the pillar, with the file if it has several; else the template."""
        if finding.pillar is None:
            return "template"
        several = sum(file.pillar == finding.pillar for file in self.files) > 1
        return f"{finding.pillar} ({finding.file})" if several else finding.pillar

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(f.severity is severity for f in self.findings)

    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that stop a blend."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    def select_findings(
        self,
        *,
        select: Collection[str] = frozenset(),
        ignore: Collection[str] = frozenset(),
        fail_on: Severity = Severity.ERROR,
    ) -> Report:
        """Return the report with only the findings of the selected codes (of all if none), and with this `fail_on`."""
        kept = {f.code for f in self.findings if f.code in (select or RULES) and f.code not in ignore}
        return replace(
            self,
            findings=tuple(f for f in self.findings if f.code in kept),
            hidden=(*self.hidden, *(f for f in self.findings if f.code not in kept)),
            fail_on=fail_on,
        )

    def first_failures(self, most: int) -> list[str]:
        """Return a line for each of the first findings that fail the report, and how many more there are."""
        failing = [f for f in self.findings if self.fails(f)]
        lines = [f.in_one_line() for f in failing[:most]]
        return [*lines, *([f"and {len(failing) - most:,} more"] if len(failing) > most else [])]

    def verdict(self) -> str:
        """Return the outcome in one line."""
        loud = [f for f in self.findings if f.severity is not Severity.INFO]
        if self.ok:
            rows = plural(sum(f.rows or 0 for f in self.files), "row")
            outcome = f"{'ok' if self.fine else 'otherwise ok'}: {plural(len(self.files), 'file')}, {rows}"
            rest = tally(self.findings)
        else:
            outcome = f"{tally(loud)} in {self._where()}"
            rest = tally(f for f in self.findings if f not in loud)
        hidden = tally(f for f in self.hidden if f.severity is not Severity.INFO)
        more = "; ".join(part for part in (rest, hidden and f"not shown: {hidden}") if part)
        return f"{outcome} ({more})" if more else outcome

    def _where(self) -> str:
        """Return in words how many files have an error or a warning, and whether the template is one of them."""
        bad = {(f.file, f.pillar) for f in self.findings if f.severity is not Severity.INFO}
        pillars = {(file, pillar) for file, pillar in bad if pillar}
        total = plural(len(self.files), "file")
        told = total if len(pillars) == len(self.files) else f"{len(pillars):,} of {total}"
        template = "the template" if len(bad) > len(pillars) else ""
        return " and ".join(part for part in (told if pillars or not template else "", template) if part)

    def _repr_html_(self) -> str:
        """Return a card for a notebook: the verdict, and the first findings."""
        numbers = [(f"{f.code} {f.rule}", f"{f.pillar or f.file}: {f.message}") for f in self.findings]
        return make_card("Validation", self.verdict(), numbers)

    def to_json(self) -> dict[str, Any]:
        """Return the report in the public form."""
        return {
            "schema_version": SCHEMA_VERSION,
            "command": "validate",
            "ok": self.ok,
            "summary": {
                "files": len(self.files),
                "rows": sum(f.rows or 0 for f in self.files),
                "errors": self.count(Severity.ERROR),
                "warnings": self.count(Severity.WARNING),
                "infos": self.count(Severity.INFO),
            },
            "files": [
                {
                    "pillar": f.pillar,
                    "path": f.path,
                    "sha256": f.sha256,
                    "rows": f.rows,
                    "ok": not f.not_checked and not any(map(self.fails, self.of(f))),
                    "not_checked": list(f.not_checked),
                }
                for f in self.files
            ],
            "template": self.template
            and {"path": self.template.path, "sha256": self.template.sha256, "rows": self.template.rows},
            "set_aside": list(self.set_aside),
            "not_read": list(self.not_read),
            "findings": [f.to_json() for f in self.findings],
        }


def tally(findings: Iterable[Finding]) -> str:
    """Return in words how many findings of each severity there are; an empty text if there are none."""
    found = [f.severity for f in findings]
    return ", ".join(plural(found.count(each), str(each)) for each in Severity if each in found)
