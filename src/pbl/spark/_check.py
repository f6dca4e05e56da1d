"""Check all ids in one query that returns one row, and make findings of it.

`blending` and `validating` call it. Only if there is a fault do further queries explain it, so clean data needs one.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.checks.beside_others import compare_profiles, compare_sizes, find_constants
from pbl.checks.profile import UNIT_SUM
from pbl.checks.wording import PLACEHOLDER_PART, tell_cells, tell_missing, tell_placeholder, tell_unknown
from pbl.domain.findings import Example, finding
from pbl.domain.report import FileReport, Report
from pbl.spark._open import Opened, find_unreadable, note_lacking, open_source
from pbl.spark._profiles import LARGE, read_profiles
from pbl.spark._rows import Rows, digest
from pbl.spark._session import SparkError, engine_errors, rows_of

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from pbl.blending.formula import Formula
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding

_Kind = tuple[int, int, str]
"""A source's place, a column's place in the contract, a code."""


@dataclass(frozen=True, kw_only=True)
class Checked:
    """The findings, and the row of facts if the sources were sound enough to be queried."""

    rows: Rows
    report: Report
    facts: Mapping[str, Any]


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
    facts: Mapping[str, Any] = {}
    found: dict[int, list[Finding]] = {}
    if any(each.name is not None for each in sound):
        try:
            (facts,) = rows_of(
                spark, ask("spark/facts", facts=_facts(rows), rows=rows.blend()), rows.values, rows.frames
            )
            found = _Explainer(spark, rows, facts, max_examples).findings()
        except SparkError as error:
            bad = find_unreadable(error, sound)
            with engine_errors():
                if bad is None:
                    raise
            opened = [bad if each.name == bad.name else each for each in opened]
    counts = {each.name: facts.get(f"rows{place}") for place, each in enumerate(sound)}
    findings = [*(f for each in opened for f in each.findings), *(f for each in found.values() for f in each)]
    reports = {each.name: _report(each, counts.get(each.name), compared=bool(facts)) for each in opened}
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


def _facts(rows: Rows) -> Sql:
    """Return the columns of the one row: counts by pillar, and facts about each pillar's numbers and the blend."""
    reference, sound, named = rows.reference, rows.sound_condition(), "NOT (c <=> 'PBL401')"
    facts = [f"count(CASE WHEN {sound} THEN 1 END) AS sound", "coalesce(sum(odd), 0) AS odd"]
    for place in range(len(rows.sources)):
        facts.append(f"coalesce(sum(m{place}), 0) AS rows{place}")
        facts.append(f"coalesce(sum(CASE WHEN m{place} > 1 AND {named} THEN m{place} END), 0) AS twice{place}")
        facts.append(f"count(CASE WHEN {_missing(place, reference)} THEN 1 END) AS missing{place}")
        facts.append(f"count(CASE WHEN {_unknown(place, reference)} THEN 1 END) AS unknown{place}")
    for place in rows.pillars:
        facts.append(f"{digest(['id', *(f'n{place}_{t}' for t in rows.targets)])} AS digest{place}")
        for t in rows.targets:
            number = f"n{place}_{t}"
            facts.append(f"min({number}) AS low{place}_{t}")
            facts.append(f"max({number}) AS high{place}_{t}")
            facts.append(f"avg(abs({number} / {LARGE!r}D)) AS size{place}_{t}")
            facts.append(f"count(CASE WHEN {number} <> rint({number}) THEN 1 END) AS parts{place}_{t}")
        total = " + ".join(f"n{place}_{t}" for t in rows.targets)
        facts.append(f"count(CASE WHEN abs({total} - 1) <= {UNIT_SUM!r}D THEN 1 END) AS units{place}")
    if rows.sources[reference].name is None:
        facts.append(f"{digest(['id'], f'm{reference} > 0')} AS digest{reference}")
    if rows.formula:
        blends = [f"b{t}" for t in rows.targets]
        facts.append(f"count(CASE WHEN {sound} AND NOT ({rows.finite_condition()}) THEN 1 END) AS broken")
        facts.append(f"count(CASE WHEN {sound} AND clipped THEN 1 END) AS clipped")
        facts.append(f"{digest(['id', *blends], sound)} AS digest")
        for b in blends:
            facts += [f"min({b}) AS low_{b}", f"max({b}) AS high_{b}", f"avg({b}) AS mean_{b}"]
            facts.append(f"avg({b} / {LARGE!r}D) AS small_mean_{b}")
    return join([Sql(fact) for fact in facts])


def _missing(place: int, reference: int) -> Sql:
    return Sql(f"m{place} = 0 AND m{reference} > 0 AND NOT (c <=> 'PBL401')")


def _unknown(place: int, reference: int) -> Sql:
    return Sql(f"m{place} > 0 AND m{reference} = 0 AND NOT (c <=> 'PBL401')")


class _Explainer:
    """Makes findings of the facts, and queries counts and first places if there is a fault."""

    def __init__(self, spark: Any, rows: Rows, facts: Mapping[str, Any], most: int) -> None:
        self.spark = spark
        self.rows = rows
        self.facts = facts
        self.most = most

    def findings(self) -> dict[int, list[Finding]]:
        """Return the findings of each source by its place."""
        found: dict[int, list[Finding]] = {place: [] for place in range(len(self.rows.sources))}
        for place in range(len(self.rows.sources)):
            if not self.facts[f"rows{place}"]:
                found[place].append(self._note(place, "PBL107", "there are no rows", 1))
        if self.facts["odd"]:
            for place, each in self._of_cells():
                found[place].append(each)
        for place, each in self._of_ids():
            found[place].append(each)
        if not any(each.severity == "error" for several in found.values() for each in several):
            for place, each in self._of_numbers():
                found[place].append(each)
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
        reference, facts = self.rows.reference, self.facts
        known, of = self.rows.sources[reference].called, facts[f"rows{reference}"]
        wanted: dict[_Kind, tuple[str, Sql]] = {}
        for place in range(len(self.rows.sources)):
            if twice := facts[f"twice{place}"]:
                told = tell_cells("PBL402", twice, self.rows.contract)
                wanted[place, 0, "PBL402"] = told, Sql(f"m{place} > 1 AND NOT (c <=> 'PBL401')")
            missing, unknown = facts[f"missing{place}"], facts[f"unknown{place}"]
            if not facts[f"rows{place}"]:
                continue
            if missing and self._is_placeholder(place):
                wanted[place, 0, "PBL603"] = tell_placeholder(of - missing, of, known), _missing(place, reference)
            elif missing:
                wanted[place, 0, "PBL601"] = tell_missing(missing, known), _missing(place, reference)
            if unknown:
                wanted[place, 0, "PBL602"] = tell_unknown(unknown, known), _unknown(place, reference)
        if not wanted:
            return
        grouped = self.rows.group_by_id()
        offences = [
            ask("spark/ids", place=Sql(str(place)), code=Sql(f"'{code}'"), grouped=grouped, broken=broken)
            for (place, _, code), (_, broken) in wanted.items()
        ]
        examples = self._examples(offences)
        counts = {"PBL402": "twice", "PBL601": "missing", "PBL602": "unknown", "PBL603": "missing"}
        for kind, (told, _) in wanted.items():
            place, _, code = kind
            column = {"column": self.rows.contract.id} if code == "PBL402" else {}
            count = facts[f"{counts[code]}{place}"]
            yield place, self._note(place, code, told, count, examples=tuple(examples.get(kind, ())), **column)

    def _is_placeholder(self, place: int) -> bool:
        """Say whether a pillar knows few of the template's ids, and no others."""
        reference, facts = self.rows.reference, self.facts
        of = facts[f"rows{reference}"]
        few = max(of - facts[f"missing{place}"], facts[f"rows{place}"]) <= PLACEHOLDER_PART * of
        return bool(self.rows.sources[reference].name is None and few and not facts[f"unknown{place}"])

    def _of_numbers(self) -> Iterator[tuple[int, Finding]]:
        facts, contract = self.facts, self.rows.contract
        for place in self.rows.pillars:
            rows = facts[f"rows{place}"]
            twin = next((p for p in self.rows.pillars if p < place and self._alike(p, place)), None)
            if twin is not None:
                told = f"the predictions are those of {self.rows.sources[twin].called}, id by id"
                yield place, self._note(place, "PBL606", told, rows)
        names = [self.rows.sources[place].name or "" for place in self.rows.pillars]
        profiles = read_profiles(self.spark, self.rows, facts)
        of_each, of_all = find_constants(profiles, contract), compare_sizes(profiles, contract)
        for odd in (*of_each, *of_all, *compare_profiles(names, profiles, contract)):
            place, column = self.rows.pillars[odd.place], {"column": odd.column} if odd.column else {}
            yield place, self._note(place, odd.code, odd.message, odd.count, **column)

    def _alike(self, one: int, other: int) -> bool:
        return bool(self.facts[f"digest{one}"] == self.facts[f"digest{other}"])

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
