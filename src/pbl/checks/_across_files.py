"""Check files against each other: their ids, their order, their predictions."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, listed

from pbl.checks._checked import BLANK, EDGED, Checked, instead
from pbl.domain.findings import Example, Offences
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.domain.contract import Contract
    from pbl.engine.duck import Duck

SCALE_FACTOR = 10.0
"""PBL607: a pillar's mean absolute prediction is this many times the pillars' median, or less than one such part."""
PLACEHOLDER_PART = 0.1
"""PBL603: the part of the template's ids that a pillar covers at most, knowing no others."""


def check_ids(duck: Duck, file: Checked, reference: Checked, limit: int | None) -> None:
    """Compare a file's ids with the reference's."""
    file.aligned = file is reference
    if file.aligned:
        return
    if file.rows == reference.rows and file.source.first == reference.source.first:
        (different,) = duck.rows("checks/same_order", file=file.table, reference=reference.table)[0]
        file.aligned = not different
        if file.aligned:
            return
    (strangers,) = duck.rows("checks/strangers", file=file.table, other=reference.table)[0]
    order = f"the rows stand in another order than in {reference.known}"
    if not strangers and file.rows == reference.rows and file.distinct and reference.distinct:
        file.note("PBL604", order, Offences(limit=0, count=1))
        return
    blank = {"blank": BLANK}
    duck.run("checks/unmatched", blank, table="missing", file=reference.table, other=file.table)
    duck.run("checks/unmatched", blank, table="unknown", file=file.table, other=reference.table)
    duck.run("checks/respelt")
    edged = {"edged": EDGED, "limit": limit}
    missing = _offences(duck, "checks/listed_missing", {"limit": limit}, limit)
    unknown = _offences(duck, "checks/listed_unknown", edged, limit)
    respelt = _offences(duck, "checks/listed_respelt", edged, limit)
    known = reference.known
    matched = (reference.rows or 0) - missing.count
    if not reference.pillar and missing.count and not strangers and matched <= PLACEHOLDER_PART * (reference.rows or 0):
        part = f"{plural(matched, 'id')} of the {reference.rows:,} that {known} has: a placeholder of the test set"
        file.note("PBL603", part, missing)
    else:
        file.note("PBL601", f"{plural(missing.count, 'id')} missing that {known} has", missing)
    file.note("PBL602", f"{plural(unknown.count, 'id')} that {known} has not", unknown)
    file.note("PBL605", f"{plural(respelt.count, 'id')} spelt otherwise than in {known}{instead(respelt)}", respelt)
    if file.rows == reference.rows and not (strangers or missing.count or respelt.count):
        file.note("PBL604", order, Offences(limit=0, count=1))


def _offences(duck: Duck, question: str, values: Mapping[str, Any], limit: int | None) -> Offences:
    rows = duck.rows(question, values)
    examples = [Example(row=row, id=id_, value=value) for _, row, id_, value in rows]
    return Offences(limit=limit, count=rows[0][0] if rows else 0, examples=examples)


def check_alike(duck: Duck, files: Sequence[Checked], targets: int, contract: Contract) -> None:
    """Warn of predictions that are another file's, or of another scale."""
    for place, file in enumerate(files):
        for other in files[:place]:
            if _same_profile(file, other, targets) and _same_predictions(duck, file, other, targets):
                file.note(
                    "PBL606",
                    f"the predictions are those of {other.known}, row by row",
                    Offences(limit=0, count=file.rows or 0),
                )
                break
    for n in range(targets):
        sizes = [f.profile[f"t{n}_size"] for f in files]
        middle = sorted(sizes)[(len(sizes) - 1) // 2] if sizes else 0.0
        for file, size in zip(files, sizes, strict=True):
            if middle > 0 and not middle / SCALE_FACTOR <= size <= middle * SCALE_FACTOR:
                message = f"the mean absolute prediction is {size:.4g}, and {middle:.4g} in the middle of all pillars"
                file.note("PBL607", message, Offences(limit=0, count=file.rows or 0), column=contract.targets[n])


def _same_profile(file: Checked, other: Checked, targets: int) -> bool:
    """Say whether two files may hold the same numbers; their means are summed in different orders."""
    if file.rows != other.rows:
        return False
    mine, theirs = file.profile, other.profile
    return all(
        mine[f"t{n}_min"] == theirs[f"t{n}_min"]
        and mine[f"t{n}_max"] == theirs[f"t{n}_max"]
        and math.isclose(mine[f"t{n}_size"], theirs[f"t{n}_size"], rel_tol=1e-6)
        for n in range(targets)
    )


def _same_predictions(duck: Duck, file: Checked, other: Checked, targets: int) -> bool:
    differ = listed([Sql(f"f.t{n}::DOUBLE IS DISTINCT FROM o.t{n}::DOUBLE") for n in range(targets)], " OR ")
    different, rows = duck.rows("checks/same_predictions", file=file.table, other=other.table, differ=differ)[0]
    return not different and rows == file.rows
