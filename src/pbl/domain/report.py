"""What a validation found over all files."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pbl.domain.rules import RULES, Severity
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Collection

    from pbl.domain.findings import Finding

SCHEMA_VERSION = 1


@dataclass(frozen=True, kw_only=True)
class FileReport:
    """What is known of one file: its hash and rows where it could be read, and what wasn't checked."""

    pillar: str | None
    path: str
    sha256: str | None
    bytes: int | None
    rows: int | None
    not_checked: tuple[str, ...] = ()


@dataclass(frozen=True, kw_only=True)
class Report:
    """What `validate` found over all files."""

    files: tuple[FileReport, ...]
    template: FileReport | None
    set_aside: tuple[str, ...]
    findings: tuple[Finding, ...]
    not_read: tuple[str, ...] = ()
    fail_on: Severity = field(default=Severity.ERROR)

    @property
    def ok(self) -> bool:
        """Say whether nothing was found that is as bad as `fail_on`."""
        return not any(map(self.fails, self.findings))

    def fails(self, finding: Finding) -> bool:
        """Say whether a finding is as bad as `fail_on`."""
        return finding.severity is Severity.ERROR or finding.severity is self.fail_on

    def count(self, severity: Severity) -> int:
        """Return the number of findings of one severity."""
        return sum(f.severity is severity for f in self.findings)

    def errors(self) -> tuple[Finding, ...]:
        """Return the findings that stop a blend."""
        return tuple(f for f in self.findings if f.severity is Severity.ERROR)

    def shown(
        self,
        *,
        select: Collection[str] = frozenset(),
        ignore: Collection[str] = frozenset(),
        fail_on: Severity = Severity.ERROR,
    ) -> Report:
        """Return the report with the findings of the selected codes only (none: of all), failing as asked."""
        kept = tuple(f for f in self.findings if f.code in (select or RULES) and f.code not in ignore)
        return replace(self, findings=kept, fail_on=fail_on)

    def verdict(self) -> str:
        """Return the outcome in one line."""
        counts = [(self.count(s), str(s)) for s in Severity]
        told = ", ".join(plural(n, word) for n, word in counts if n)
        files = plural(len(self.files), "file")
        if not self.ok:
            return f"{told} in {files}"
        rows = plural(sum(f.rows or 0 for f in self.files), "row")
        return f"ok: {files}, {rows}" + (f" ({told})" if told else "")

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
                    "ok": not f.not_checked
                    and not any(self.fails(x) for x in self.findings if (x.file, x.pillar) == (f.path, f.pillar)),
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
