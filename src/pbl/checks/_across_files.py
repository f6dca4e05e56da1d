"""Compare files with each other: their ids, their order, their predictions.

`validate` calls it when each file was checked by itself.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, join

from pbl.checks._findings import instead, note, note_different
from pbl.checks.beside_others import compare_sizes, find_constants
from pbl.checks.profile import Order
from pbl.checks.tables import table_of
from pbl.checks.wording import PLACEHOLDER_PART, PLACEHOLDER_ROWS, tell_missing, tell_placeholder, tell_unknown
from pbl.domain.cell_rules import BLANK, EDGED
from pbl.domain.findings import Example, Offences
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pbl.checks.open_files import CheckedFile
    from pbl.domain.contract import Contract
    from pbl.domain.findings import Finding
    from pbl.engine.duck import Duck

_FEW_IDS = 2
_LOOKED_AT = 20
"""PBL605: how many ids are searched for a constant beginning or end."""


def first_order(files: Iterable[CheckedFile]) -> Order:
    """Return the order of ids that further files are compared with; an empty one if no file has any."""
    return next((file.profile.order for file in files if file.profile and file.profile.order), Order())


def compare_ids(duck: Duck, file: CheckedFile, reference: CheckedFile, limit: int | None) -> list[Finding]:
    """Compare a file's ids with the reference's; both are known to the database."""
    if file is reference or not file.table or not reference.table or _in_order(duck, file, reference):
        return []
    (strangers,) = duck.rows("checks/strangers", file=file.table, other=reference.table)[0]
    known, rows, of = reference.input.called, file.rows or 0, reference.rows or 0
    order = note(file.input, "PBL604", f"the rows are in another order than in {known}", Offences(limit=0, count=1))
    distinct = all(each.profile and each.profile.distinct for each in (file, reference))
    if not strangers and rows == of and distinct:
        return order
    blank = {"blank": BLANK}
    duck.run("checks/unmatched", blank, table="missing", file=reference.table, other=file.table)
    duck.run("checks/unmatched", blank, table="unknown", file=file.table, other=reference.table)
    affix = _strip_affix(duck) if strangers == rows else None
    duck.run("checks/respelt")
    edged = {"edged": EDGED, "limit": limit}
    missing = _offences(duck, "checks/listed_missing", {"limit": limit}, limit)
    unknown = _offences(duck, "checks/listed_unknown", edged, limit)
    respelt = _offences(duck, "checks/listed_respelt", edged, limit)
    matched = of - missing.count
    few = not reference.input.pillar and missing.count and max(matched, rows) <= PLACEHOLDER_PART * of
    if few and not strangers:
        found = note(file.input, "PBL603", tell_placeholder(matched, of, known), missing)
    elif few and strangers == rows <= PLACEHOLDER_ROWS and not respelt.count:
        part = (
            f"none of its {plural(rows, 'id')} among the {of:,} that {known} has: the placeholder of a hidden test set"
        )
        return note(file.input, "PBL603", part, missing)
    else:
        found = note(file.input, "PBL601", tell_missing(missing.count, known), missing)
    found += note(file.input, "PBL602", tell_unknown(unknown.count, known), unknown)
    ends = _tell_affix(*affix, respelt) if affix else ""
    respelt, told = instead(respelt)
    found += note(
        file.input, "PBL605", f"{plural(respelt.count, 'id')} spelt differently in {known}{told}{ends}", respelt
    )
    if rows == of and not (strangers or missing.count or respelt.count):
        found += order
    return found


def compare_predictions(
    duck: Duck, files: Sequence[CheckedFile], contract: Contract
) -> Iterator[tuple[CheckedFile, Finding]]:
    """Yield warnings of predictions that are copies of another file's, or on another scale; every file is clean."""
    for place, file in enumerate(files):
        for before, other in enumerate(files[:place]):
            names = f"same{before}", f"same{place}"
            if _same_profile(file, other) and _same_predictions(duck, (other, file), names, contract):
                message = f"the predictions are those of {other.input.called}, row by row"
                for found in note(file.input, "PBL606", message, Offences(limit=0, count=file.rows or 0)):
                    yield file, found
                break
    known = [(file, file.profile) for file in files if file.profile]
    for odd in compare_sizes([profile for _, profile in known], contract):
        file, _ = known[odd.place]
        for found in note_different(file.input, odd):
            yield file, found


def note_constants(file: CheckedFile, contract: Contract) -> Iterator[Finding]:
    """Yield a warning for each column whose predictions are all the same."""
    for odd in find_constants([file.profile] if file.profile else [], contract):
        yield from note_different(file.input, odd)


def _strip_affix(duck: Duck) -> tuple[str, str, str] | None:
    """Remove a beginning and an end that the unmatched ids of one side all have; return the side and both texts."""
    found = duck.rows("checks/affixes", {"few": _LOOKED_AT})
    side, begins, ends, times, few = found[0] if found else ("", "", "", 0, 0)
    if times < few or few < _FEW_IDS or not (begins or ends):
        return None
    table = "unknown" if side == "here" else "missing"
    duck.run("checks/strip_affixes", {"begins": begins, "ends": ends}, table=table)
    return side, begins, ends


def _tell_affix(side: str, begins: str, ends: str, respelt: Offences) -> str:
    """Say which beginning and end the ids of one side have, spelt as in the first of them if they are found there."""
    for example in respelt.examples[:1]:
        whole, part = (example.id, example.value) if side == "here" else (example.value, example.id)
        if whole and part and part in whole:
            begins, _, ends = whole.partition(part)
    told = [f"begins with {begins!r}"] if begins else []
    told += [f"ends in {ends!r}"] if ends else []
    return f"; each {side} {' and '.join(told)}"


def _in_order(duck: Duck, file: CheckedFile, reference: CheckedFile) -> bool:
    """Say whether two files have the same ids in the same order."""
    orders = [each.profile.order for each in (file, reference) if each.profile and each.profile.order]
    if len(orders) > 1 and (orders[0].first != orders[1].first or all(each.sha256 for each in orders)):
        return orders[0] == orders[1]
    firsts = {each.survey.header.first for each in (file, reference) if each.survey} - {None}
    if file.rows != reference.rows or len(firsts) > 1:
        return False
    (different,) = duck.rows("checks/same_order", file=file.table or "", reference=reference.table or "")[0]
    return not different


def _offences(duck: Duck, question: str, values: Mapping[str, Any], limit: int | None) -> Offences:
    rows = duck.rows(question, values)
    examples = [Example(row=row, id=id_, value=value) for _, row, id_, value in rows]
    return Offences(limit=limit, count=rows[0][0] if rows else 0, examples=examples)


def _same_profile(file: CheckedFile, other: CheckedFile) -> bool:
    """Say whether two files may hold the same numbers; means are compared roughly, as they are summed in any order."""
    if not file.profile or not other.profile or file.rows != other.rows:
        return False
    pairs = zip(file.profile.ranges, other.profile.ranges, strict=True)
    return all((a.low, a.high) == (b.low, b.high) and math.isclose(a.size, b.size, rel_tol=1e-6) for a, b in pairs)


def _same_predictions(
    duck: Duck, pair: tuple[CheckedFile, CheckedFile], names: tuple[str, str], contract: Contract
) -> bool:
    other, file = (table_of(duck, each, contract, name) for each, name in zip(pair, names, strict=True))
    differ = join(
        [Sql(f"f.t{n}::DOUBLE IS DISTINCT FROM o.t{n}::DOUBLE") for n in range(len(contract.targets))], " OR "
    )
    different, rows = duck.rows("checks/same_predictions", file=file, other=other, differ=differ)[0]
    return not different and rows == pair[0].rows
