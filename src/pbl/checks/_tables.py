"""The profile of a file that is a table of the database, and a warning of ids that are alike.

`_one_file` and `_parquet_file` ask for them if the file's structure is sound.
"""

from __future__ import annotations

import math
import unicodedata
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join, name

from pbl.checks._findings import instead, note
from pbl.checks.profile import LABELS, UNIT_SUM, Profile, Range
from pbl.domain.findings import Offences
from pbl.domain.rules import Severity
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.checks.open_files import Input
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.engine.duck import Duck


def profile_table(duck: Duck, table: str, columns: Sequence[int]) -> Profile:
    """Return the profile of a file's rows, in one query; cells that are not numbers are ignored."""
    targets = range(len(columns) - 1)
    asked = [ask("checks/profile_target", t=name(f"t{n}")) for n in targets]
    values: dict[str, float] = {"labels": LABELS} if targets else {}
    if len(targets) > 1:
        asked.append(
            ask(
                "checks/unit_rows",
                sum=join([Sql(f"try_cast(t{n} AS DOUBLE)") for n in targets], " + "),
                name="unit_rows",
            )
        )
        values["close"] = UNIT_SUM
    row: dict[str, Any] = duck.row("checks/profile", values, table=table, targets=join(asked or [Sql("0 AS none")]))
    ranges = (
        Range(
            low=_real(row[f"t{n}_low"]),
            high=_real(row[f"t{n}_high"]),
            size=_real(row[f"t{n}_size"]),
            labels=row[f"t{n}_labels"],
        )
        for n in targets
    )
    return Profile(
        rows=row["rows"],
        distinct=row["different_ids"] == row["rows"],
        ranges=tuple(ranges),
        unit_rows=row.get("unit_rows", 0),
    )


def _real(value: float | None) -> float:
    return math.nan if value is None else value


def note_alike(duck: Duck, each: Input, table: str, contract: Contract, limit: int | None) -> list[Finding]:
    """Warn of different ids that are the same when normalised (NFKC) and case-folded."""
    alike, told = instead(_find_alike(duck, table, limit))
    return note(
        each,
        "PBL605",
        f"{plural(alike.count, 'id')} differ from others by case or Unicode form only{told}",
        alike,
        severity=Severity.WARNING,
        column=contract.id,
        hint="are they meant to be different samples?",
    )


def _find_alike(duck: Duck, table: str, limit: int | None) -> Offences:
    first: dict[str, str] = {}
    twins: dict[str, str] = {}
    ids = duck.rows("files/cells", table=table, columns=join([name("row"), name("id")]))
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
