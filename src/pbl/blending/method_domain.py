"""Find numbers that a method can't take, by file, row and id.

`_submission` calls it when the files are known to be clean; in most cases a file's range shows that there is none.
"""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from pbl_sql import Sql, exact_text

from pbl.checks.locate import locate
from pbl.checks.tables import table_of
from pbl.domain.findings import Example, finding
from pbl.domain.method import Method
from pbl.domain.wording import plural

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from pbl.blending.plan import Plan
    from pbl.checks.open_files import CheckedFile
    from pbl.domain.findings import Finding
    from pbl.engine.duck import Duck

_EXAMPLES = 5
_DOMAINS = {
    Method.GEOMETRIC: (0.0, math.inf, "geometric takes numbers of 0 or more", "below 0"),
    Method.LOGIT: (0.0, 1.0, "logit takes probabilities, from 0 to 1", "outside 0 to 1"),
}


def find_outside(duck: Duck, files: Sequence[CheckedFile], plan: Plan) -> Iterator[Finding]:
    """Yield a finding for each column whose numbers the method can't take; all files are clean."""
    if plan.method not in _DOMAINS:
        return
    low, high, wanted, told = _DOMAINS[plan.method]
    formula = plan.formula
    places = [(place, share) for place, pillar in enumerate(plan.selection.pillars) for share in pillar.shares]
    of_pillars = [file for file in files if file.input.pillar]
    for number, ((place, share), file) in enumerate(zip(places, of_pillars, strict=True)):
        if not share:
            continue
        for t, each in enumerate(file.profile.ranges if file.profile else ()):
            if low <= each.low and each.high <= high:
                continue
            used, values = _used_rows(plan, place, t)
            table = table_of(duck, file, plan.selection.contract, f"outside{number}")
            rows = duck.rows(
                "blend/outside",
                {"low": low, "high": high, "limit": _EXAMPLES, **values},
                file=table,
                number=Sql(f"t{t}::DOUBLE"),
                value=exact_text(Sql(f"t{t}")),
                used=used,
            )
            if rows:
                yield finding(
                    "PBL507",
                    file=str(file.input.path),
                    pillar=file.input.name,
                    column=formula.names[t],
                    message=f"{plural(rows[0][3], 'number')} {told}; {wanted}",
                    count=rows[0][3],
                    examples=locate(file.input, [Example(row=row, id=id_, value=value) for row, id_, value, _ in rows]),
                )


def _used_rows(plan: Plan, place: int, target: int) -> tuple[Sql, dict[str, object]]:
    """Return which rows of a pillar have a part in the blend, and the values of the condition's $parameters."""
    formula = plan.formula
    if not formula.by_row:
        factors = formula.own.get(formula.names[target], formula.factors)
        return Sql("true" if factors[place] > 0 else "false"), {}
    column = formula.own.get(formula.names[target], formula.factors)
    without = Sql("true" if column[place] > 0 else "false")
    if not formula.own or not plan.separator:
        return without, {}
    rest = Sql("true" if formula.factors[place] > 0 else "false")
    ends = {f"end{n}": f"{plan.separator}{name}" for n, name in enumerate(formula.own)}
    cases = " ".join(
        f"WHEN ends_with(id, $end{n}) THEN {'true' if factors[place] > 0 else 'false'}"
        for n, factors in enumerate(formula.own.values())
    )
    return (
        Sql(f"CASE WHEN NOT contains(id, $separator) THEN {without} {cases} ELSE {rest} END"),
        {**ends, "separator": plan.separator},
    )
