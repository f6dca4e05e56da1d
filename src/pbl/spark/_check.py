"""Check all ids in one query that returns one row, and make findings of it.

`blending` and `validating` call it. Only if there is a fault do further queries explain it, so clean data needs one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.checks.beside_others import compare_profiles, compare_sizes, find_constants
from pbl.checks.wording import PLACEHOLDER_PART, tell_cells, tell_missing, tell_placeholder, tell_unknown
from pbl.domain.findings import Example, finding
from pbl.domain.report import FileReport, Report
from pbl.spark._facts import ask_facts, is_missing, is_repeated, is_unknown
from pbl.spark._open import Opened, find_unreadable, note_lacking, open_source
from pbl.spark._profiles import read_profiles
from pbl.spark._rows import Rows
from pbl.spark._session import SparkError, engine_errors, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pbl.blending.formula import Formula
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.spark._facts import Facts, SourceFacts

_Kind = tuple[int, int, str]
"""A source's place, a column's place in the contract, a code."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The findings, and the facts if the sources were sound enough to be queried."""

    rows: Rows
    report: Report
    facts: Facts | None


def check(
    spark: Any,
    sources: Mapping[str, Any],
    template: Any,
    contract: Contract,
    *,
    formula: Formula | None = None,
    max_examples: int,
) -> Checked:
    """Open all sources and check them; bad data is in the report, not an exception."""
    opened = [open_source(spark, name, source, contract) for name, source in sources.items()]
    if template is not None:
        opened.append(open_source(spark, None, template, contract))
    sound = tuple(each for each in opened if not each.findings)
    rows = Rows(sources=sound, contract=contract, formula=formula if len(sound) == len(opened) else None)
    facts: Facts | None = None
    found: dict[int, list[Finding]] = {}
    if any(each.name is not None for each in sound):
        try:
            facts = ask_facts(spark, rows)
            found = _Explainer(spark, rows, facts, max_examples).findings()
        except SparkError as error:
            bad = find_unreadable(error, sound)
            with engine_errors():
                if bad is None:
                    raise
            opened = [bad if each.name == bad.name else each for each in opened]
    counts = {each.name: known.rows for each, known in zip(sound, facts.sources, strict=True)} if facts else {}
    findings = [*(f for each in opened for f in each.findings), *(f for each in found.values() for f in each)]
    reports = {each.name: _report(each, counts.get(each.name), compared=facts is not None) for each in opened}
    return Checked(
        rows=rows,
        facts=facts,
        report=Report(
            files=tuple(report for name, report in reports.items() if name is not None),
            template=reports.get(None),
            set_aside=(),
            findings=tuple(findings),
        ),
    )


def _report(each: Opened, rows: int | None, *, compared: bool) -> FileReport:
    unseen = () if compared and not each.findings else ("cells", "ids")
    return FileReport(pillar=each.name, path=each.path, sha256=None, bytes=None, rows=rows, not_checked=unseen)


class _Explainer:
    """Makes findings of the facts, and queries counts and first places if there is a fault."""

    def __init__(self, spark: Any, rows: Rows, facts: Facts, most: int) -> None:
        self.spark = spark
        self.rows = rows
        self.facts = facts
        self.most = most

    def findings(self) -> dict[int, list[Finding]]:
        """Return the findings of each source by its place."""
        found: dict[int, list[Finding]] = {place: [] for place in range(len(self.rows.sources))}
        for place, each in enumerate(self.facts.sources):
            if not each.rows:
                found[place].append(self._note(place, "PBL107", "there are no rows", 1))
        for place, note in self._of_cells() if self.facts.odd else ():
            found[place].append(note)
        for place, note in self._of_ids():
            found[place].append(note)
        if not any(each.severity == "error" for several in found.values() for each in several):
            for place, note in self._of_numbers():
                found[place].append(note)
        return {place: sorted(each, key=lambda f: (f.code, f.column or "")) for place, each in found.items()}

    def _of_cells(self) -> Iterator[tuple[int, Finding]]:
        columns = [("c", "CAST(NULL AS DOUBLE)"), *((f"k{t}", f"v{t}") for t in self.rows.targets)]
        cells = self.rows.cells()
        offences = [
            ask("spark/cells", column=Sql(str(n)), code=Sql(code), value=Sql(value), pillars=cells)
            for n, (code, value) in enumerate(columns)
        ]
        contract = self.rows.contract
        for (place, column, code), (count, examples) in self._ask(offences).items():
            source = self.rows.sources[place]
            if code in {"PBL401", "PBL501"}:
                gaps = note_lacking(self.spark, source, contract).findings
                if of_parts := [each for each in gaps if each.column == contract.columns[column]]:
                    yield from ((place, each) for each in of_parts)
                    continue
            told = tell_cells(code, count, contract)
            yield place, self._note(place, code, told, count, column=contract.columns[column], examples=examples)

    def _of_ids(self) -> Iterator[tuple[int, Finding]]:
        reference = self.rows.reference
        known, of = self.rows.sources[reference].called, self.facts.sources[reference].rows
        wanted: dict[_Kind, tuple[str, int, Sql]] = {}
        for place, each in enumerate(self.facts.sources):
            if each.twice:
                told = tell_cells("PBL402", each.twice, self.rows.contract)
                wanted[place, 0, "PBL402"] = told, each.twice, is_repeated(place)
            if not each.rows:
                continue
            if each.missing:
                code, told = "PBL601", tell_missing(each.missing, known)
                if self._is_placeholder(each):
                    code, told = "PBL603", tell_placeholder(of - each.missing, of, known)
                wanted[place, 0, code] = told, each.missing, is_missing(place, reference)
            if each.unknown:
                told = tell_unknown(each.unknown, known)
                wanted[place, 0, "PBL602"] = told, each.unknown, is_unknown(place, reference)
        if not wanted:
            return
        grouped = self.rows.group_by_id()
        offences = [
            ask("spark/ids", place=Sql(str(place)), code=Sql(f"'{code}'"), grouped=grouped, broken=broken)
            for (place, _, code), (_, _, broken) in wanted.items()
        ]
        examples = self._examples(offences)
        for kind, (told, count, _) in wanted.items():
            place, _, code = kind
            column = {"column": self.rows.contract.id} if code == "PBL402" else {}
            yield place, self._note(place, code, told, count, examples=tuple(examples.get(kind, ())), **column)

    def _is_placeholder(self, known: SourceFacts) -> bool:
        """Say whether a pillar knows few of the template's ids, and no others."""
        reference = self.rows.reference
        of = self.facts.sources[reference].rows
        few = max(of - known.missing, known.rows) <= PLACEHOLDER_PART * of
        return self.rows.sources[reference].name is None and few and not known.unknown

    def _of_numbers(self) -> Iterator[tuple[int, Finding]]:
        facts, contract = self.facts, self.rows.contract
        for place in self.rows.pillars:
            twin = next((p for p in self.rows.pillars if p < place and self._alike(p, place)), None)
            if twin is not None:
                told = f"the predictions are those of {self.rows.sources[twin].called}, id by id"
                yield place, self._note(place, "PBL606", told, facts.sources[place].rows)
        names = [self.rows.sources[place].name or "" for place in self.rows.pillars]
        profiles = read_profiles(self.spark, self.rows, facts)
        of_each, of_all = find_constants(profiles, contract), compare_sizes(profiles, contract)
        for odd in (*of_each, *of_all, *compare_profiles(names, profiles, contract)):
            place, column = self.rows.pillars[odd.place], {"column": odd.column} if odd.column else {}
            yield place, self._note(place, odd.code, odd.message, odd.count, **column)

    def _alike(self, one: int, other: int) -> bool:
        return self.facts.sources[one].digest == self.facts.sources[other].digest

    def _ask(self, offences: Sequence[Sql]) -> dict[_Kind, tuple[int, tuple[Example, ...]]]:
        """Return how many places each kind of offence has, and the first of them."""
        all_of_them = join(list(offences), " UNION ALL ")
        counted = rows_of(self.spark, ask("spark/counted", offences=all_of_them), self.rows.values, self.rows.frames)
        examples = self._examples(offences)
        kinds = sorted((row["p"], row["col"], row["code"], row["n"]) for row in counted)
        return {(p, col, code): (n, tuple(examples.get((p, col, code), ()))) for p, col, code, n in kinds}

    def _examples(self, offences: Sequence[Sql]) -> dict[_Kind, list[Example]]:
        sql = ask("spark/examples", offences=join(list(offences), " UNION ALL "))
        values = {**self.rows.values, "most": self.most}
        found: dict[_Kind, list[Example]] = {}
        for row in rows_of(self.spark, sql, values, self.rows.frames):
            cell = row["id"] if row["col"] == 0 else None if row["value"] is None else repr(row["value"])
            example = Example(id=row["id"] or None, value=cell)
            found.setdefault((row["p"], row["col"], row["code"]), []).append(example)
        return found

    def _note(self, place: int, code: str, message: str, count: int, **rest: Any) -> Finding:
        source = self.rows.sources[place]
        return finding(code, file=source.path, pillar=source.name, message=message, count=count, **rest)
