"""One file on its way through the checks."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from pbl.domain.findings import Finding, finding
from pbl.domain.report import FileReport

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from pbl.domain.findings import Offences
    from pbl.domain.pillars import Pillar
    from pbl.reading.blocks import Seen
    from pbl.reading.survey import Survey

SPACE = r"[\t\n\x0B\f\r \x{85}\x{A0}\x{1680}\x{2000}-\x{200A}\x{2028}\x{2029}\x{202F}\x{205F}\x{3000}]"
BLANK = rf"{SPACE}*"
"""An id or cell that is nothing but white space, as DuckDB's regular expressions have it."""
EDGED = rf"\A{SPACE}|{SPACE}\z"
"""An id with white space around it."""


@dataclass(kw_only=True)
class Checked:
    """One file on its way through the checks; `table` names it in the database once its structure is sound."""

    pillar: Pillar | None
    path: Path
    source: Survey
    table: str = ""
    rows: int | None = None
    profile: Mapping[str, Any] = field(default_factory=dict)
    shown: Seen | None = None
    """What is known of its rows, if the schema was shown them before the file was looked over, and passed them all."""
    spotless: bool = False
    """Whether every cell was seen to be as the contract wants it."""
    aligned: bool = False
    """Whether the ids are the reference's, in the same order."""
    findings: list[Finding] = field(default_factory=list)
    not_checked: tuple[str, ...] = ()

    @property
    def name(self) -> str | None:
        """Return the pillar's name, None for the template."""
        return self.pillar.name if self.pillar else None

    @property
    def distinct(self) -> bool:
        """Say whether no id stands twice, as far as the screen saw; it takes case for the same."""
        return bool(self.profile["different_ids"] == self.rows)

    @property
    def known(self) -> str:
        """Return the words for this file in a message about another."""
        return f"{self.pillar.name} ({self.path.name})" if self.pillar else f"the template ({self.path.name})"

    def note(self, code: str, message: str, found: Offences, **rest: Any) -> None:  # noqa: ANN401 - fields of Finding
        """Add a finding, if there are offences."""
        if found.count:
            examples = tuple(found.examples)
            self.findings.append(
                finding(
                    code,
                    file=str(self.path),
                    pillar=self.name,
                    message=message,
                    count=found.count,
                    examples=examples,
                    **rest,
                )
            )

    def report(self) -> FileReport:
        """Return what is known of the file."""
        return FileReport(
            pillar=self.name,
            path=str(self.path),
            sha256=self.source.sha256,
            bytes=self.source.size,
            rows=self.rows,
            not_checked=self.not_checked,
        )


def instead(found: Offences) -> str:
    """Say of the first id what stands elsewhere in its place, and make each example's value the raw cell."""
    pairs = [(example.id, example.value) for example in found.examples]
    found.examples = [replace(example, value=example.id) for example in found.examples]
    return f": {pairs[0][0]!r} here, {pairs[0][1]!r} there" if pairs else ""
