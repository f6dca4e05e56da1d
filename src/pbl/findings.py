"""Hold what a check found: rules, findings and the report; frozen, and known as JSON."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from enum import StrEnum
from typing import TYPE_CHECKING, Any

from pbl.errors import UsageError

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

SCHEMA_VERSION = 1


class Severity(StrEnum):
    """How bad a finding is; only an error stops a blend."""

    ERROR = "error"
    WARNING = "warning"
    INFO = "info"


@dataclass(frozen=True, kw_only=True)
class Rule:
    """One thing that can be wrong with a prediction file; its code and name are public."""

    code: str
    name: str
    hint: str
    severity: Severity = Severity.ERROR


def _rules() -> Iterable[Rule]:
    def rule(code: str, name: str, hint: str, severity: Severity = Severity.ERROR) -> Rule:
        return Rule(code=code, name=name, hint=hint, severity=severity)

    warning, info = Severity.WARNING, Severity.INFO
    yield rule("PBL101", "file-unreadable", "name a regular file that you may read")
    yield rule("PBL102", "empty-file", "export the predictions again; the file holds nothing")
    yield rule("PBL103", "encoding", "save the file as UTF-8")
    yield rule("PBL104", "wrong-delimiter", "export with a comma between the columns and a point in the numbers")
    yield rule("PBL105", "broken-quote", 'quote whole cells only, and double a quote within one: "a ""b"" c"')
    yield rule("PBL106", "nul-byte", "the file is damaged or not text; export it again")
    yield rule("PBL107", "no-rows", "there is a header and nothing else; export the predictions again")
    yield rule("PBL108", "line-endings", "end every line the same way, with LF or with CRLF")
    yield rule("PBL109", "not-csv", "unpack it, or export it as plain CSV")
    yield rule("PBL201", "missing-column", "name the columns in the file, or in pbl.toml under [contract], alike")
    yield rule("PBL202", "extra-column", "export the id and the prediction columns only")
    yield rule("PBL203", "duplicate-column", "keep one of the columns of that name")
    yield rule("PBL204", "column-name-mismatch", "rename the column; names are compared letter by letter")
    yield rule("PBL205", "unnamed-column", "a saved index? with pandas: to_csv(..., index=False)")
    yield rule("PBL206", "no-header", "put the column names in the first row")
    yield rule("PBL207", "column-order", "read by name, so no harm is done; other tools may not", warning)
    yield rule("PBL301", "too-few-fields", "the row lacks a cell; was the export cut short?")
    yield rule("PBL302", "too-many-fields", "the row has a cell too many; a comma within a number or id must be quoted")
    yield rule("PBL303", "blank-row", "delete the blank line")
    yield rule("PBL401", "missing-id", "give every row its id")
    yield rule("PBL402", "duplicate-id", "keep one row an id")
    yield rule("PBL403", "id-pattern", "the id isn't of the form that id_pattern in pbl.toml asks for")
    yield rule("PBL404", "id-whitespace", "strip the spaces around the id")
    yield rule("PBL501", "missing-value", "predict every row; pbl never fills a gap")
    yield rule("PBL502", "not-a-number", "write plain decimal numbers, such as 0.25 or 1e-7")
    yield rule("PBL503", "nan", "find out why the model gave NaN; pbl never fills a gap")
    yield rule("PBL504", "infinite", "find out why the model gave an infinite value")
    yield rule("PBL505", "below-min", "below min in pbl.toml; clip in the model, or correct the contract")
    yield rule("PBL506", "above-max", "above max in pbl.toml; clip in the model, or correct the contract")
    yield rule("PBL551", "constant-target", "every prediction is the same; is it the right file?", warning)
    yield rule("PBL601", "ids-missing", "predict these ids too, or check that the file is of this competition")
    yield rule("PBL602", "ids-unknown", "leave these rows out, or check that the file is of this competition")
    yield rule(
        "PBL603",
        "placeholder-ids",
        "the files cover only a placeholder of the test set: predict inside the scored run, so that each pillar "
        "writes its CSV there, or enter a competition whose test set is visible",
    )
    yield rule("PBL604", "row-order-differs", "rows are matched by id, so no harm is done", info)
    yield rule("PBL605", "id-format-differs", "write the ids letter by letter as the template does")
    yield rule(
        "PBL606", "identical-predictions", "the same predictions twice; was one file copied by mistake?", warning
    )
    yield rule("PBL607", "scale-differs", "are the predictions of all pillars in the same unit?", warning)
    yield rule("PBL608", "missing-pillar", "put the file there, or take the pillar out of pbl.toml")
    yield rule("PBL701", "truncated-tail", "the last line has no line end; was the export cut short?", warning)


RULES = {rule.code: rule for rule in _rules()}
_BY_NAME = {rule.name: rule.code for rule in RULES.values()}


@dataclass(frozen=True, kw_only=True)
class Example:
    """One offending place; `row` counts records, the header being 1, and `value` is the raw cell."""

    row: int | None = None
    id: str | None = None
    value: str | None = None


@dataclass(frozen=True, kw_only=True)
class Finding:
    """One problem of one file and column, with how often and where first."""

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
            "examples": [{"row": e.row, "id": e.id, "value": e.value} for e in self.examples],
            "message": self.message,
            "hint": self.hint,
        }


@dataclass(kw_only=True)
class Offences:
    """The places where one rule is broken: all are counted, the first `limit` are kept."""

    limit: int | None
    count: int = 0
    partial: bool = False
    """Whether the counting ended before the file did."""
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
        self, *, select: Sequence[str] = (), ignore: Sequence[str] = (), fail_on: Severity = Severity.ERROR
    ) -> Report:
        """Return the report with the selected findings only, failing as asked."""
        keep = codes(select) or frozenset(RULES)
        kept = tuple(f for f in self.findings if f.code in keep - codes(ignore))
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
                    "ok": not any(self.fails(x) for x in self.findings if (x.file, x.pillar) == (f.path, f.pillar)),
                    "not_checked": list(f.not_checked),
                }
                for f in self.files
            ],
            "template": self.template
            and {"path": self.template.path, "sha256": self.template.sha256, "rows": self.template.rows},
            "set_aside": list(self.set_aside),
            "findings": [f.to_json() for f in self.findings],
        }


def codes(texts: Sequence[str]) -> frozenset[str]:
    """Return the codes that comma lists of codes, prefixes (`PBL5`) or names mean; raise UsageError for others."""
    found: set[str] = set()
    for word in (w.strip() for text in texts for w in text.split(",")):
        if not word:
            continue
        code = _BY_NAME.get(word.lower())
        matches = {code} if code else {c for c in RULES if c.startswith(word.upper())}
        if not matches or (not code and not word.upper().startswith("PBL")):
            raise UsageError(f"{word!r} is no finding: give a code (PBL502), a prefix (PBL5) or a name (not-a-number)")
        found |= matches
    return frozenset(found)


def plural(n: int, noun: str) -> str:
    """Return `1 row`, `2 rows`, `1,005 rows`."""
    return f"{n:,} {noun}" if n == 1 else f"{n:,} {noun[:-1] + 'ies' if noun.endswith('y') else noun + 's'}"
