"""What a check found, as frozen values with a JSON form.

`checks` makes them; a `domain.report` holds them.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any

from pbl.domain.rules import RULES, Severity
from pbl.domain.wording import quote, safe


@dataclass(frozen=True, kw_only=True)
class Example:
    """One offending place; `value` is the raw cell.

    `row` counts records, the header being 1; in a Parquet file, which has none, the first row is 1.
    """

    row: int | None = None
    id: str | None = None
    value: str | None = None
    part: str | None = None
    """The name of the part in which the row is counted; None for a single file."""

    def to_json(self) -> dict[str, Any]:
        """Return the public form."""
        part = {} if self.part is None else {"part": self.part}
        return {**part, "row": self.row, "id": self.id, "value": self.value}


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem of one file and column, with its count and its first places."""

    code: str
    pillar: str | None
    file: str
    message: str
    column: str | None = None
    count: int = 1
    examples: tuple[Example, ...] = ()
    hint: str = ""
    severity: Severity = Severity.ERROR

    @property
    def rule(self) -> str:
        """Return the public name of the code."""
        return RULES[self.code].name

    def in_one_line(self) -> str:
        """Return the place, the problem and the remedy."""
        first = self.examples[0] if self.examples else Example()
        told = quote(first.value) if first.value is not None else first.id and safe(first.id)
        places = [
            safe(f"{self.pillar} ({self.file})" if self.pillar else self.file),
            first.part and safe(first.part),
            f"row {first.row:,}" if first.row is not None else None,
            f"column {safe(self.column)}" if self.column else None,
        ]
        where = ", ".join(part for part in places if part)
        what = f"{self.code} {self.rule}: {safe(self.message)}" + (f", first {told}" if told else "")
        return f"{where}: {what} -> {safe(self.hint)}"

    def to_json(self) -> dict[str, Any]:
        """Return the finding in the public form."""
        return {
            "code": self.code,
            "rule": self.rule,
            "severity": str(self.severity),
            "pillar": self.pillar,
            "file": self.file,
            "column": self.column,
            "count": self.count,
            "examples": [each.to_json() for each in self.examples],
            "message": self.message,
            "hint": self.hint,
        }


@dataclass(kw_only=True)
class Offences:
    """The places where one rule is broken: all are counted, the first `limit` are kept."""

    limit: int | None
    count: int = 0
    partial: bool = False
    """Whether the counting stopped before the end of the file."""
    examples: list[Example] = field(default_factory=list)

    @property
    def full(self) -> bool:
        """Say whether no more examples are wanted."""
        return self.limit is not None and len(self.examples) >= self.limit

    def add(self, row: int | None, id: str | None, value: str | None) -> None:  # noqa: A002 - the column's name
        """Count one place."""
        self.count += 1
        if not self.full:
            self.examples.append(Example(row=row, id=id, value=value))


def finding(code: str, *, file: str, pillar: str | None, message: str, **rest: Any) -> Finding:  # noqa: ANN401 - passed on to the dataclass, which types them
    """Make a finding with its rule's severity and remedy, unless others are given."""
    rule = RULES[code]
    rest.setdefault("hint", rule.hint)
    rest.setdefault("severity", rule.severity)
    return Finding(code=code, file=file, pillar=pillar, message=message, **rest)
