"""Gather the numbers of all files side by side, in one pass, and see on the way that nothing is amiss.

What is gathered is the table `numbers`: a row for each row of the reference, in its order, with its id and every
pillar's predictions. That is for small files, which are joined by the database; the rows of large ones are lined up and
handed on (`line_up`). Either is the contract's second compilation; the first is the Pandera schema. It only
ever says that everything is as it must be, or that it can't tell; what is wrong is for the schema to find.
"""

from __future__ import annotations

from enum import Enum, auto
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, listed

from pbl.checks._checked import BLANK, EDGED, Checked
from pbl.domain.errors import EngineError, Malformed
from pbl.domain.findings import Offences
from pbl.domain.progress import Progress
from pbl.domain.rules import Severity
from pbl.domain.values import NUMBER
from pbl.reading.blocks import LARGE
from pbl.reading.rows import structural, tokenize, untailed

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator, Mapping, Sequence

    from pbl.domain.contract import Contract
    from pbl.engine.duck import Duck
    from pbl.reading.blocks import Seen

_ROWS_A_PART = 20_000_000


class Gathered(Enum):
    """Whether the numbers were gathered, and where they are."""

    NOT = auto()
    AS_TABLE = auto()
    """In the table `numbers`."""
    HANDED_ON = auto()
    """Nowhere: the sink has been handed all rows."""


def gather(
    duck: Duck,
    pillars: Sequence[Checked],
    template: Checked | None,
    contract: Contract,
    *,
    line: Callable[[], Seen | None],
    progress: Progress = Progress(),
) -> Gathered:
    """Gather files that nothing is known against yet; say whether all of them are spotless, with the same ids.

    If so, each file has its table, rows and profile, and is `spotless`; if not, nothing has been noted in them.
    Large files are lined up by `line`, if it can; see `line_up`.
    """
    files = [*([template] if template else []), *pillars]
    if not all(map(_promising, files)) or not files[0].source.ascii:
        return Gathered.NOT
    if len({file.source.rows for file in files if file.source.plain}) > 1:
        return Gathered.NOT
    names = {id(file): f"p{place}" for place, file in enumerate(files)}
    large = sum(file.source.size or 0 for file in files) >= LARGE
    try:
        counts = [_known(duck, file, names[id(file)]) for file in files]
        if None in counts or len(set(counts)) > 1:
            return Gathered.NOT
        seen = line() if large and all(file.source.plain for file in files) else None
        if seen and {seen.rows} == set(counts):
            _settle(files, names, {"rows": seen.rows, **seen.profile()}, pillars, len(contract.targets))
            return Gathered.HANDED_ON
        progress.stage("joining the files", duck.part)
        facts = _join(duck, files, names, contract)
        if _spotless(facts, counts[0]) and _distinct(duck, facts["rows"], large=large):
            _settle(files, names, facts, pillars, len(contract.targets))
            return Gathered.AS_TABLE
    except Malformed:
        pass
    return Gathered.NOT


def gather_matched(duck: Duck, pillars: Sequence[Checked], template: Checked | None, contract: Contract) -> None:
    """Gather files that have been found to be in order; raise EngineError if they are not after all."""
    files = [*([template] if template else []), *pillars]
    facts = _join(duck, files, {id(file): file.table for file in files}, contract, checked=True)
    if facts["wrong"] or facts["rows"] != files[0].rows:
        raise EngineError("the files were found to be in order, and yet don't fit together; please report this")


def _promising(file: Checked) -> bool:
    source = file.source
    wrong = any(f.severity is Severity.ERROR for f in file.findings)
    return not (wrong or source.stopped) and bool(source.columns) and (source.rows > 0 or not source.plain)


def _known(duck: Duck, file: Checked, table: str) -> int | None:
    """Have the database know a file, and return how many rows it has, None if its structure isn't sound."""
    source = file.source
    columns = source.columns if file.pillar else source.columns[:1]
    if source.plain:
        duck.add_plain(table, source.fd or 0, width=len(source.header), columns=columns, keep=False)
        return source.rows
    counts: list[int] = []

    def counted() -> Iterator[list[list[str]]]:
        for batch in batches:
            counts.append(len(batch[0]))
            yield batch[: len(columns)]

    batches, offences = tokenize(source, 0)
    duck.add_cells(table, counted())
    wrong = any(f.severity is Severity.ERROR for f in structural(source, offences))
    return None if wrong else sum(counts)


def _join(
    duck: Duck, files: Sequence[Checked], names: Mapping[int, str], contract: Contract, *, checked: bool = False
) -> Mapping[str, Any]:
    """Make the table of numbers by id, and return what is to be known of it."""
    reference, others = files[0], files[1:]
    aliases = {id(file): "o" if file is reference else f"f{place}" for place, file in enumerate(files)}
    pillars = [file for file in files if file.pillar]
    numbers = [
        Sql(f"{aliases[id(file)]}.n{t} AS n{place}_{t}")
        for place, file in enumerate(pillars)
        for t in range(len(contract.targets))
    ]
    good = [] if checked else [_good_id(reference, contract), *(Sql(f"{aliases[id(p)]}.good") for p in pillars)]
    aligned = {id(file): f"{names[id(file)]}_aligned" for file in others}
    places = [Sql(f"{aliases[id(file)]}.row = o.row AS {aligned[id(file)]}") for file in others]
    cells = {id(file): _cells(file, names, contract, checked=checked) for file in files}
    joins = [Sql(f"JOIN {cells[id(f)]} AS {aliases[id(f)]} ON {aliases[id(f)]}.id = o.id") for f in others]
    duck.run(
        "blend/gather",
        _values([*good, *cells.values()], contract),
        order=cells[id(reference)],
        joins=listed(joins, " "),
        facts=listed([*places, *numbers]),
        good=listed(good or [Sql("true")], " AND "),
    )
    wrong = [Sql("count(*) FILTER (WHERE NOT good OR row <> rowid + 2) AS wrong")]
    aside = [Sql(f"bool_and({column}) AS {column}") for column in aligned.values()]
    facts = duck.row("blend/gathered", profile=listed([*wrong, *aside, *_ranges(pillars, contract)]))
    for file in files:
        file.aligned = file is reference or bool(facts[aligned[id(file)]])
    return facts


def _ranges(pillars: Sequence[Checked], contract: Contract) -> list[Sql]:
    """Return what the profiles are made of."""
    columns = [f"n{place}_{t}" for place in range(len(pillars)) for t in range(len(contract.targets))]
    return [Sql(f"min({n}) AS {n}_min, max({n}) AS {n}_max, avg(abs({n})) AS {n}_size") for n in columns]


def _cells(file: Checked, names: Mapping[int, str], contract: Contract, *, checked: bool) -> Sql:
    """Return what a file brings: of the template only the ids, never its targets."""
    if not file.pillar:
        return ask("blend/gathered_ids", file=names[id(file)])
    targets = range(len(contract.targets))
    return ask(
        "blend/gathered_cells",
        file=names[id(file)],
        numbers=listed([Sql(f"{_number(names[id(file)], t)} AS n{t}") for t in targets]),
        good=Sql("true") if checked else _good_cells(file, contract, names[id(file)]),
    )


def _good_id(reference: Checked, contract: Contract) -> Sql:
    """Return the condition of a sound id; where the bytes hold no white space, none need be looked for."""
    parts = [Sql("o.id <> ''")]
    if reference.source.spaced:
        parts = [Sql("NOT regexp_full_match(o.id, $blank)"), Sql("NOT regexp_matches(o.id, $edged)")]
    if contract.id_pattern is not None:
        parts.append(Sql("regexp_full_match(o.id, $pattern)"))
    return listed(parts, " AND ")


def _good_cells(file: Checked, contract: Contract, alias: str) -> Sql:
    """Return the condition of a row whose cells are all sound.

    The engine's cast takes the grammar's numbers and besides: white space around, `_` between digits, `+-1`, nan, inf.
    """
    parts = []
    for target in range(len(contract.targets)):
        cell, number = f"{alias}.t{target}", _number(alias, target)
        parts.append(Sql(f"isfinite({number})"))
        if file.source.spaced:
            parts.append(Sql(f"regexp_full_match({cell}, $number)"))
        else:
            parts.append(Sql(f"NOT contains({cell}, '_') AND NOT starts_with({cell}, '+-')"))
        if contract.min is not None:
            parts.append(Sql(f"{number} >= $minimum"))
        if contract.max is not None:
            parts.append(Sql(f"{number} <= $maximum"))
    return listed(parts, " AND ")


def _number(alias: str, target: int) -> str:
    return f"try_cast({alias}.t{target} AS DOUBLE)"


def _values(good: Sequence[Sql], contract: Contract) -> dict[str, Any]:
    """Return the values of those parameters that the conditions name; DuckDB refuses others."""
    text = " ".join(good)
    values = {
        "blank": BLANK,
        "edged": EDGED,
        "number": NUMBER,
        "pattern": f"(?:{contract.id_pattern})",
        "minimum": contract.min,
        "maximum": contract.max,
    }
    return {key: value for key, value in values.items() if f"${key}" in text}


def _spotless(facts: Mapping[str, Any], rows: int | None) -> bool:
    """Say whether what was gathered is all there is: a join by id leaves out what only one of the files has."""
    return bool(rows) and not facts.get("wrong") and facts["rows"] == rows


def _distinct(duck: Duck, rows: int, *, large: bool) -> bool:
    """Say whether all ids are known to differ, and by more than case: hashes that differ prove ids that differ."""
    if not large:
        return bool(duck.rows("blend/different_ids")[0][0] == rows)
    parts = 1 + rows // _ROWS_A_PART
    return (
        sum(duck.frame("blend/hashes", {"parts": parts, "part": part})["h"].n_unique() for part in range(parts)) == rows
    )


def _settle(
    files: Sequence[Checked],
    names: Mapping[int, str],
    facts: Mapping[str, Any],
    pillars: Sequence[Checked],
    targets: int,
) -> None:
    """Note in each file what is now known of it."""
    for file in files:
        file.table, file.rows, file.spotless = names[id(file)], facts["rows"], True
        file.findings += untailed(file.source)
        if not file.aligned and file.pillar:
            order = f"the rows stand in another order than in {files[0].known}"
            file.note("PBL604", order, Offences(limit=0, count=1))
    for place, file in enumerate(pillars):
        asked = [(t, kind) for t in range(targets) for kind in ("min", "max", "size")]
        file.profile = {f"t{t}_{kind}": facts[f"n{place}_{t}_{kind}"] for t, kind in asked}
