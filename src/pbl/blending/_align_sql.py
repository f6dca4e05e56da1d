"""Align small files: one table of their rows side by side, joined by the database, with every cell screened.

`_align` calls it for files that fit; `_write` writes the table.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join, name

from pbl.checks.open_files import CheckedFile
from pbl.checks.profile import UNIT_SUM, Profile, Range, as_labels
from pbl.checks.report import clean_findings
from pbl.checks.screen_sql import clean_id, clean_targets, number
from pbl.domain.errors import EngineError, Unclear, UnreadableError
from pbl.domain.rules import Severity
from pbl.reading.parquet import PartsSurvey
from pbl.reading.parquet_rows import has_plain_ids, read_rows
from pbl.reading.rows import explain_offences, tokenize
from pbl.reading.survey import Survey

if TYPE_CHECKING:
    from collections.abc import Generator, Iterator, Mapping, Sequence

    import polars as pl

    from pbl.checks.open_files import Input
    from pbl.checks.screen_sql import Condition
    from pbl.domain.contract import Contract
    from pbl.domain.limits import Limits
    from pbl.engine.duck import Duck
    from pbl.reading.parquet import PartsFile
    from pbl.reading.sources import Surveyed

NUMBERS = Sql("numbers")
"""The aligned table: row, id and each pillar's numbers n0_0, n0_1, ..., in the order of the first file."""


@dataclass(frozen=True, kw_only=True)
class _Source:
    """A file to join, the name of its table, and how its bytes are read."""

    input: Input
    survey: Surveyed
    table: str

    @property
    def typed(self) -> bool:
        """Say whether its numbers are doubles already."""
        return isinstance(self.survey, PartsSurvey)

    @property
    def rows(self) -> int | None:
        """Return how many rows it has, None if they were not counted yet."""
        if isinstance(self.survey, PartsSurvey):
            return self.survey.file.rows
        return self.survey.scan.rows if self.survey.plain else None


_TABLES = 24
"""How many files are joined at a time: what planning takes grows faster than their number."""
_GATHERED = Sql("o.* EXCLUDE (row, id, good)")


@dataclass(frozen=True, kw_only=True)
class _Joined:
    """What is known of the rows of the table NUMBERS."""

    rows: int
    wrong: int
    """How many rows have a cell that isn't clean, or stand in another place than in the first file."""
    in_order: tuple[bool, ...]
    """For each file whether it has the first one's order."""
    ranges: tuple[tuple[Range, ...], ...]
    """For each pillar the range of each target."""
    unit_rows: tuple[int, ...]
    """For each pillar in how many rows its targets sum to 1; 0 where there is one target."""


def align_table(
    duck: Duck, files: Sequence[tuple[Input, Surveyed]], contract: Contract, limits: Limits
) -> tuple[CheckedFile, ...]:
    """Make the table NUMBERS of files that were not checked yet, and return what is known of them.

    Raises Unclear if a cell isn't clean, an id may be repeated, or not all files have the same ids.
    """
    sources = [_Source(input=each, survey=survey, table=f"p{n}") for n, (each, survey) in enumerate(files)]
    if not all(survey.header.columns for _, survey in files) or not (sources[0].typed or sources[0].survey.ascii):
        raise Unclear("a header is not the contract's, or ids may be alike")
    rows = {each.rows for each in sources} - {None}
    if len(rows) > 1 or 0 in rows:
        raise Unclear("not all files have as many rows")
    counts = {_load(duck, each, contract, limits) for each in sources}
    if len(counts) > 1:
        raise Unclear("not all files have as many rows")
    found = _join(duck, [(each.input, each.table) for each in sources], contract, sources)
    if found.wrong or {found.rows} != counts or not _differ(duck, found.rows, limits.sizes.ids):
        raise Unclear("a row is not clean, or an id is not in all files")
    return tuple(_make_checked(sources, found))


def align_checked(duck: Duck, files: Sequence[CheckedFile], contract: Contract) -> None:
    """Make the table NUMBERS of files that the checks found to be clean; raise EngineError if they don't join."""
    found = _join(duck, [(each.input, each.table or "") for each in files], contract, None)
    if found.wrong or found.rows != files[0].rows:
        raise EngineError("the files were found to be in order, and yet don't fit together; please report this")


def read_table(duck: Duck, columns: Sequence[str], *, rows: int, table: Sql = NUMBERS) -> Generator[pl.DataFrame]:
    """Yield the ids and some columns of an aligned table, so many rows at a time."""
    first = 0
    while True:
        values = {"first": first, "last": first + rows - 1}
        frame = duck.frame("blend/numbers_part", values, columns=join(list(map(name, ["id", *columns]))), table=table)
        if frame.is_empty():
            return
        yield frame
        first += rows


def _load(duck: Duck, source: _Source, contract: Contract, limits: Limits) -> int:
    """Make a file a table of the database, and return its number of rows; raise Unclear if its structure is broken."""
    survey = source.survey
    if isinstance(survey, PartsSurvey):
        return _load_parts(duck, source.table, survey.file, contract, limits, ids_only=not source.input.pillar)
    columns = survey.header.columns if source.input.pillar else survey.header.columns[:1]
    if survey.plain:
        width = len(survey.header.names)
        duck.add_plain(source.table, survey.file.fd, width=width, columns=columns, keep=False)
        return survey.scan.rows
    counts: list[int] = []
    batches, offences = tokenize(survey, 0)

    def count() -> Iterator[list[list[str]]]:
        for batch in batches:
            counts.append(len(batch[0]))
            yield batch[: len(columns)]

    duck.add_cells(source.table, count())
    if any(found.severity is Severity.ERROR for found in explain_offences(survey, offences)):
        raise Unclear("the structure is broken")
    return sum(counts)


def _load_parts(duck: Duck, table: str, file: PartsFile, contract: Contract, limits: Limits, *, ids_only: bool) -> int:
    def plain() -> Iterator[pl.DataFrame]:
        for frame in read_rows(file, contract, limits, ids_only=ids_only):
            if not has_plain_ids(frame):
                raise Unclear("ids may be alike")
            yield frame

    try:
        duck.add_frames(table, plain())
    except UnreadableError as error:
        raise Unclear(error.reason) from error
    return file.rows


def _join(
    duck: Duck, tables: Sequence[tuple[Input, str]], contract: Contract, screened: Sequence[_Source] | None
) -> _Joined:
    """Join the files by id into the table NUMBERS; either all files are screened or none."""
    aliases = ["o", *(f"f{place}" for place in range(1, len(tables)))]
    pillars = [alias for alias, (each, _) in zip(aliases, tables, strict=True) if each.pillar]
    targets = range(len(contract.targets))
    cells, facts, good, values = [], [], [], []
    for n, (alias, (each, table)) in enumerate(zip(aliases, tables, strict=True)):
        clean = _clean(screened[n], contract) if screened and each.pillar else None
        cells.append(_cells(each, table, contract, clean))
        place = [Sql(f"{alias}.row = o.row AS {alias}_in_order")] if n else []
        facts.append(place + [Sql(f"{alias}.n{t} AS n{pillars.index(alias)}_{t}") for t in targets if each.pillar])
        good.append([Sql(f"{alias}.good")] if clean else [])
        values.append(dict(clean.values) if clean else {})
    if screened:
        first = clean_id(contract, "o.id", spaced=_is_spaced(screened[0]))
        good[0].append(first.sql)
        values[0] |= first.values
    for begin in range(0, max(len(tables) - 1, 1), _TABLES):
        others = range(begin + 1, min(begin + 1 + _TABLES, len(tables)))
        new = others if begin else [0, *others]
        duck.run(
            "blend/gather",
            {name: value for n in new for name, value in values[n].items()},
            order=NUMBERS if begin else cells[0],
            joins=join([Sql(f"JOIN {cells[n]} AS {aliases[n]} ON {aliases[n]}.id = o.id") for n in others], " "),
            facts=join([*([_GATHERED] if begin else []), *(fact for n in new for fact in facts[n])]),
            good=join([Sql("o.good" if begin else "true"), *(each for n in new for each in good[n])], " AND "),
        )
    return _ask_facts(duck, aliases[1:], pillars=len(pillars), targets=len(targets))


def _ask_facts(duck: Duck, others: Sequence[str], *, pillars: int, targets: int) -> _Joined:
    """Ask what is to be known of NUMBERS; `others` are the aliases of the files but the first."""
    columns = [[f"n{place}_{t}" for t in range(targets)] for place in range(pillars)]
    asked = [Sql("count(*) FILTER (WHERE NOT good OR row <> rowid + 2) AS wrong")]
    asked += [Sql(f"bool_and({alias}_in_order) AS {alias}_in_order") for alias in others]
    asked += [ask("checks/profile_numbers", n=name(column)) for own in columns for column in own]
    values = {}
    if targets > 1:
        values["close"] = UNIT_SUM
        sums = [join(list(map(Sql, own)), " + ") for own in columns]
        asked += [ask("checks/unit_rows", sum=each, name=name(f"p{n}_unit_rows")) for n, each in enumerate(sums)]
    row = duck.row("blend/gathered", values, profile=join(asked))
    whole = [column for own in columns for column in own if row[f"{column}_whole"]]
    counts = [Sql(f"count(DISTINCT {column}) AS {column}_values") for column in whole]
    row |= duck.row("blend/gathered_labels", counts=join(counts)) if whole else {}
    return _Joined(
        rows=row["rows"],
        wrong=row["wrong"],
        in_order=(True, *(bool(row[f"{alias}_in_order"]) for alias in others)),
        ranges=tuple(tuple(_range(row, column) for column in own) for own in columns),
        unit_rows=tuple(row.get(f"p{n}_unit_rows", 0) for n in range(pillars)),
    )


def _range(row: Mapping[str, Any], column: str) -> Range:
    return Range(
        low=row[f"{column}_low"],
        high=row[f"{column}_high"],
        size=row[f"{column}_size"],
        labels=as_labels(row.get(f"{column}_values", 0)),
    )


def _is_spaced(source: _Source) -> bool:
    return not isinstance(source.survey, Survey) or source.survey.spaced


def _clean(source: _Source, contract: Contract) -> Condition:
    return clean_targets(contract, source.table, spaced=_is_spaced(source), typed=source.typed)


def _cells(each: Input, table: str, contract: Contract, clean: Condition | None) -> Sql:
    """Return the columns that a file gives: of the template only the ids, never its targets."""
    if not each.pillar:
        return ask("blend/gathered_ids", file=table)
    return ask(
        "blend/gathered_cells",
        file=table,
        numbers=join([Sql(f"{number(table, t)} AS n{t}") for t in range(len(contract.targets))]),
        good=clean.sql if clean else Sql("true"),
    )


def _differ(duck: Duck, rows: int, ids: int) -> bool:
    """Say whether all ids are known to differ, ignoring case: different hashes prove different ids."""
    if rows <= ids:
        return bool(duck.rows("blend/different_ids")[0][0] == rows)
    parts = 1 + rows // ids
    hashes = (duck.frame("blend/hashes", {"parts": parts, "part": part})["h"] for part in range(parts))
    return sum(each.n_unique() for each in hashes) == rows


def _make_checked(sources: Sequence[_Source], found: _Joined) -> Iterator[CheckedFile]:
    known = iter(zip(found.ranges, found.unit_rows, strict=True))
    for source, in_order in zip(sources, found.in_order, strict=True):
        ranges, units = next(known) if source.input.pillar else ((), 0)
        yield CheckedFile(
            input=source.input,
            survey=source.survey,
            table=source.table,
            profile=Profile(rows=found.rows, distinct=True, ranges=ranges, unit_rows=units),
            clean=True,
            findings=clean_findings(source.input, source.survey, sources[0].input, in_order=in_order),
        )
