"""Check a file by itself: its structure, then each of its cells."""

from __future__ import annotations

import unicodedata
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, listed, name

from pbl.checks._checked import BLANK, EDGED, Checked, instead
from pbl.checks._schema import decide, passed, unread
from pbl.domain.errors import EngineError, Malformed
from pbl.domain.findings import Offences
from pbl.domain.progress import Progress
from pbl.domain.rules import Severity
from pbl.domain.values import NUMBER
from pbl.domain.wording import plural
from pbl.reading.rows import structural, tokenize, untailed

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.contract import Contract
    from pbl.engine.duck import Duck

ROWS, VALUES, IDS = "rows", "values", "ids"
"""What of a file may not have been checked."""

_KEEP_UP_TO = 32 << 20


def check_alone(
    duck: Duck,
    files: Sequence[Checked],
    contract: Contract,
    limit: int | None,
    *,
    trusting: bool,
    progress: Progress,
) -> None:
    """Check each file alone."""
    for place, file in enumerate(files):
        progress.stage(f"checking {plural(file.source.rows, 'row')} of {file.path.name}", duck.part)
        _check_structure(duck, file, f"p{place}", contract, limit, trusting=trusting, progress=progress)
        if file.table and not file.spotless:
            _check_values(duck, file, contract, limit, trusting=trusting)


def _check_structure(
    duck: Duck,
    file: Checked,
    table: str,
    contract: Contract,
    limit: int | None,
    *,
    trusting: bool,
    progress: Progress = Progress(),
) -> None:
    """Know a sound file as a table; else note where its structure is broken, and what could not be checked."""
    source = file.source
    if source.stopped:
        file.not_checked = (ROWS, VALUES, IDS)
        return
    columns = source.columns if file.pillar else source.columns[:1]
    if source.plain and source.columns and source.rows:
        shown = file.shown or (passed(file, contract, progress) if not trusting else None)
        if shown and shown.rows == source.rows and source.ascii:
            file.profile = {"rows": shown.rows, "different_ids": shown.rows, **shown.profile()}
            duck.add_plain(table, source.fd or 0, width=len(source.header), columns=columns, keep=False)
            file.table, file.rows, file.spotless = table, source.rows, True
            file.findings += untailed(source)
            return
        try:
            keep = (source.size or 0) <= _KEEP_UP_TO
            duck.add_plain(table, source.fd or 0, width=len(source.header), columns=columns, keep=keep)
            file.profile = _profile(duck, table, columns, contract)
            if file.profile["rows"] == source.rows:
                file.table, file.rows = table, source.rows
                file.findings += untailed(source)
                return
        except Malformed:
            pass
        table = f"{table}_again"
    batches, offences = tokenize(source, limit)
    if source.columns:
        duck.add_cells(table, (batch[: len(columns)] for batch in batches))
    else:
        for _ in batches:
            pass
    found = structural(source, offences)
    file.findings += found
    if not source.columns or any(f.severity is Severity.ERROR for f in found):
        file.not_checked = (VALUES, IDS)
        return
    file.profile = _profile(duck, table, columns, contract)
    file.table, file.rows = table, int(file.profile["rows"])


def _profile(duck: Duck, table: str, columns: Sequence[int], contract: Contract) -> Mapping[str, Any]:
    """Screen a file: count what isn't as it must be, and sum its numbers up, in one query."""
    values: dict[str, Any] = {"blank": BLANK, "edged": EDGED}
    targets = [name(f"t{n}") for n in range(len(columns) - 1)]
    if targets:
        values |= {"number": NUMBER, "minimum": contract.min, "maximum": contract.max}
    pattern = Sql("0")
    if contract.id_pattern is not None:
        pattern = Sql("count(*) FILTER (WHERE NOT regexp_full_match(id, $pattern))")
        values["pattern"] = f"(?:{contract.id_pattern})"
    asked = listed([ask("checks/screen_target", t=t) for t in targets]) if targets else Sql("0 AS no_targets")
    try:
        return duck.row("checks/screen", values, table=table, pattern=pattern, targets=asked)
    except Malformed as error:
        if "CSV Error" in str(error):
            raise
        raise unread(contract, error) from error


def _check_values(duck: Duck, file: Checked, contract: Contract, limit: int | None, *, trusting: bool) -> None:
    """Have the Pandera schema decide about each cell, unless the screen has seen that all is well."""
    profile, targets = file.profile, contract.targets if file.pillar else ()
    bad = sum(profile[f"t{n}_bad"] for n in range(len(targets))) + profile["bad_ids"] + profile["strange_ids"]
    file.spotless = not bad and profile["different_ids"] == file.rows
    pattern = contract.id_pattern or ""
    certain = not pattern or (file.source.ascii and r"\s" not in pattern.lower())  # engines know other white space
    if not trusting or not file.spotless or not certain:
        found = decide(duck, file, contract, targets, limit)
        if bad and not found and certain:
            raise EngineError(f"{file.path}: the screen and the schema disagree about this file; please report it")
        file.spotless = not found
    if profile["different_ids"] != file.rows or not file.source.ascii:
        alike = _alike_ids(duck, file.table, limit)
        file.note(
            "PBL605",
            f"{plural(alike.count, 'id')} differ from others by case or Unicode form only{instead(alike)}",
            alike,
            severity=Severity.WARNING,
            column=contract.id,
            hint="are they meant to be different samples?",
        )


def note_constant(file: Checked, contract: Contract) -> None:
    """Warn of a column whose predictions are all the same."""
    rows = file.rows or 0
    for n, target in enumerate(contract.targets if file.pillar else ()):
        value = file.profile[f"t{n}_min"]
        if rows > 1 and value == file.profile[f"t{n}_max"]:
            file.note("PBL551", f"every prediction is {value + 0.0!r}", Offences(limit=0, count=rows), column=target)


def _alike_ids(duck: Duck, table: str, limit: int | None) -> Offences:
    """Find the ids that are the same once normalised (NFKC) and case-folded, and yet differ."""
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    ids = duck.rows("files/cells", table=table, columns=listed([name("row"), name("id")]))
    for _, text in ids:
        folded = unicodedata.normalize("NFKC", text).casefold()
        other = first.setdefault(folded, text)
        if other != text:
            twins.setdefault(folded, text)
    found = Offences(limit=limit)
    for row, text in ids if twins else ():
        folded = unicodedata.normalize("NFKC", text).casefold()
        if folded in twins:
            found.add(row, text, first[folded] if text != first[folded] else twins[folded])
    return found
