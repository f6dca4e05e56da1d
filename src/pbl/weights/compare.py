"""Compare the pillars' numbers with each other and with the blend, by SQL over their rows in the order of the ids.

The function behind `pbl compare`; `compare_oof` is its counterpart where there is a truth. One thread adds up row
after row, so that the last digits depend neither on threads nor on the files' order.
"""

from __future__ import annotations

import math
from contextlib import contextmanager
from dataclasses import dataclass, replace
from functools import partial
from typing import TYPE_CHECKING, Any

from pbl_sql import Sql, ask, join

from pbl.blending.method_domain import find_outside
from pbl.blending.residuals import find_residuals
from pbl.blending.rows_by_id import load_by_id
from pbl.blending.whole_columns import complete
from pbl.checks.open_files import open_files
from pbl.checks.report import make_report
from pbl.domain.errors import FindingsError
from pbl.domain.findings import finding
from pbl.domain.limits import Limits
from pbl.domain.progress import Progress
from pbl.domain.weights import divide
from pbl.domain.wording import plural
from pbl.engine.duck import open_duck, require_same_rows
from pbl.weights._pairs import compare_pairs
from pbl.weights.comparison import Change, Comparison, Disagreement, Numbers, Spread
from pbl.weights.scaling import power_for, root_mean_square

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from concurrent.futures import Future
    from pathlib import Path

    from pbl.blending.formula import Formula
    from pbl.blending.plan import Plan
    from pbl.blending.whole_columns import Completed
    from pbl.domain.report import Report
    from pbl.engine.duck import Duck

TOP = 10
_COUNTS = Sql("count(*), count(*) FILTER (WHERE apart)")


@dataclass(frozen=True, kw_only=True)
class Compared:
    """A comparison whose numbers are still there: the database knows them as `rows`, and in long form as `long`.

    `blended` has row, s0, b0, ... of the same rows in the same order.
    """

    found: Comparison
    report: Report
    plan: Plan
    duck: Duck
    rows: Sql
    names: tuple[str, ...]
    """The target names, which `long` knows by their places."""


def compare(
    plan: Plan,
    *,
    spill: Path,
    top: int = TOP,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Comparison:
    """Compare the files of a plan, which says how they are blended today; `top` rows of disagreement are listed.

    Raises FindingsError if a check finds an error, or if a sample lacks a target name of the constraints, and what
    `validate` raises.
    """
    with open_comparison(plan, spill=spill, top=top, limits=limits, progress=progress) as compared:
        return compared.found


@contextmanager
def open_comparison(
    plan: Plan,
    *,
    spill: Path,
    top: int = TOP,
    limits: Limits = Limits(),
    progress: Progress = Progress(),
) -> Iterator[Compared]:
    """Compare as `compare` does, and keep the numbers for more questions; see in the end that no file has changed."""
    with (
        open_files(plan.selection) as inputs,
        open_duck(inputs.paths, limits, size=inputs.size, spill=spill, ordered=True) as duck,
    ):
        files, numbers = load_by_id(duck, inputs, plan.selection, limits, spill=spill, progress=progress)
        report = make_report(files, plan.selection)
        if not report.errors():
            report = replace(report, findings=(*report.findings, *find_outside(duck, files, plan)))
        if numbers is None or report.errors():
            raise FindingsError(report, "nothing was compared")
        progress.stage("comparing the numbers", duck.part)
        found, rows, names = _compare(duck, numbers, plan, report, top=top, limits=limits)
        yield Compared(found=found, report=report, plan=plan, duck=duck, rows=rows, names=names)
        for file in files:
            file.unchanged()


def compare_rows(duck: Duck, plan: Plan, report: Report, *, top: int, limits: Limits) -> Comparison:
    """Compare the rows of the table `numbers` (row, id, n0_0, n0_1, ...), in the order of their ids."""
    return _compare(duck, Sql("numbers"), plan, report, top=top, limits=limits)[0]


def _compare(
    duck: Duck, numbers: Sql, plan: Plan, report: Report, *, top: int, limits: Limits
) -> tuple[Comparison, Sql, tuple[str, ...]]:
    """Return the comparison, the name of the table of the completed rows, and the target names."""
    formula, names = plan.formula, plan.selection.names
    whole = complete(duck, numbers, formula, separator=plan.separator, constraints=plan.constraints)
    if whole.lacking.count:
        raise FindingsError(_add_lacking(report, whole), "nothing was compared")
    targets = _make_long(duck, whole.table, formula)
    by_name, rows = _spreads(duck, len(names), by_name=True)
    spreads = by_name[0] if len(targets) == 1 else _spreads(duck, len(names), by_name=False)[0][0]
    found = Comparison(
        rows=rows,
        samples=whole.samples,
        weights=dict(zip(names, plan.weighing.shares, strict=True)),
        pillars=tuple(
            Numbers(
                pillar=name,
                all=spreads[place],
                per_target={target: each[place] for target, each in zip(targets, by_name, strict=True)},
            )
            for place, name in enumerate(names)
        ),
        pairs=tuple(compare_pairs(duck, names, spreads, rows, limits)),
        disagreements=tuple(_disagreements(duck, plan, top)),
        leave_one_out=tuple(_leave_out(duck, whole.table, plan)),
        constraints=find_residuals(duck, whole.table, formula, plan.constraints, names),
    )
    return found, whole.table, targets


def _add_lacking(report: Report, whole: Completed) -> Report:
    first = report.template or report.files[0]
    found = finding(
        "PBL601",
        file=first.path,
        pillar=first.pillar,
        message=f"{plural(whole.lacking.count, 'sample')} without a target name that [[constraints]] are about",
        count=whole.lacking.count,
        examples=tuple(whole.lacking.examples),
    )
    return replace(report, findings=(*report.findings, found))


def _make_long(duck: Duck, rows: Sql, formula: Formula) -> tuple[str, ...]:
    """Make `long` in the order of the ids: row, id, target, place, n0, n1, ...; return the names that `place` means."""
    by_row = [name for (name,) in duck.rows("compare/target_names", rows=rows)] if formula.by_row else None
    names = tuple(by_row or sorted(formula.names))
    several = formula.by_row and len(names) > 1
    if several:
        duck.run("compare/places", rows=rows)
    parts = []
    for t, name in enumerate(formula.names):
        parts.append(
            ask(
                "compare/part",
                rows=Sql(f"{rows} AS r POSITIONAL JOIN places") if several else rows,
                row=Sql(f"{'r.' * several}row::BIGINT * {formula.targets} + {t}"),
                target=Sql(str(t)),
                place=Sql("places.place" if several else "0" if formula.by_row else str(names.index(name))),
                apart=Sql("places.row IS DISTINCT FROM r.row" if several else "false"),
                numbers=join([Sql(f"n{p}_{t} AS n{p}") for p in range(len(formula.factors))]),
            )
        )
    if len(parts) == 1:
        duck.run("compare/long_of_one", part=parts[0])
    else:
        duck.run("compare/long", parts=join(parts, " UNION ALL "))
    return names


def _spreads(duck: Duck, pillars: int, *, by_name: bool) -> tuple[list[list[Spread]], int]:
    """Return how the numbers are spread, for each target name or over all rows, and how many rows there are."""
    place, range_ = Sql("place" if by_name else "0"), range(pillars)
    ends = [Sql(f"min(n{p}), max(n{p}), avg(CASE WHEN n{p} < 0 THEN 1 ELSE 0 END)") for p in range_]
    found = duck.rows("compare/spread", place=place, facts=join([*ends, _COUNTS]))
    require_same_rows(sum(apart for *_, apart in found))
    lows, highs, negative = ([[row[1 + 3 * p + fact] for row in found] for p in range_] for fact in range(3))
    sizes = [[power_for(max(-a, b)) for a, b in zip(*both, strict=True)] for both in zip(lows, highs, strict=True)]
    numbers = [f"n{p} * list_extract($sizes{p}::DOUBLE[], {place} + 1)" for p in range_]
    moments = [Sql(f"favg({number}), stddev_samp({number})") for number in numbers]
    values = {f"sizes{p}": sizes[p] for p in range_}
    spreads = [
        [
            Spread(
                mean=row[2 * p] / sizes[p][k],
                sd=None if row[2 * p + 1] is None else row[2 * p + 1] / sizes[p][k],
                min=lows[p][k] + 0.0,
                max=highs[p][k] + 0.0,
                negative=negative[p][k],
            )
            for p in range_
        ]
        for k, (_, *row) in enumerate(duck.rows("compare/spread", values, place=place, facts=join(moments)))
    ]
    return spreads, sum(rows for *_, rows, _ in found)


def _disagreements(duck: Duck, plan: Plan, top: int) -> Iterator[Disagreement]:
    names, targets = plan.selection.names, plan.selection.contract.targets
    if len(names) < 2:  # noqa: PLR2004 - one agrees with itself
        return
    numbers = [Sql(f"n{p}") for p in range(len(names))]
    span = Sql(f"greatest({join(numbers)}) - least({join(numbers)})")
    for id_, target, width, *values in duck.rows(
        "compare/disagreements", {"top": top}, range=span, numbers=join(numbers)
    ):
        yield Disagreement(
            id=id_,
            target=targets[target] if len(targets) > 1 else None,
            range=width,
            values=dict(zip(names, values, strict=True)),
        )


def _leave_out(duck: Duck, rows: Sql, plan: Plan) -> Iterator[Change]:
    """Yield what each pillar is to the blend, which is kept as `blended`: the others' weights are normalised again."""
    formula, weights = plan.formula, plan.weighing.weights
    targets = range(formula.targets)
    columns = join([Sql(f"s{t}, b{t}") for t in targets])
    duck.run("compare/keep_blend", dict(formula.values()), columns=columns, blend=formula.blend(rows))
    differences = [f"(a.b{t} * $size - b.b{t} * $size)" for t in targets]
    squares = join([Sql(f"{each} ** 2 / {formula.targets}") for each in differences], " + ")
    largest = Sql(f"greatest({join([Sql(f'abs{each}') for each in differences])})")
    changes: list[Future[tuple[float, float]] | None] = []
    with duck.several() as ask_duck:
        for place in range(len(weights)):
            others = [0.0 if n == place else weight for n, weight in enumerate(weights)]
            if math.fsum(others) <= 0:
                changes.append(None)
                continue
            without = replace(formula, factors=divide(others))
            facts = {"squares": squares, "largest": largest, "blend": without.blend(rows)}
            changes.append(ask_duck(partial(_change, without.values(), facts)))
        for name, change in zip(plan.selection.names, changes, strict=True):
            rmse, most = change.result() if change else (None, None)
            yield Change(pillar=name, rmse=rmse, max_abs=most)


def _change(values: Mapping[str, Any], facts: Mapping[str, Sql], duck: Duck) -> tuple[float, float]:
    """Return the root mean square and the largest of the blend's changes."""

    def measure(size: float) -> tuple[float, float]:
        found = duck.row("compare/changes", {**values, "size": size}, **facts)
        require_same_rows(found["apart"])
        return found["square"], found["largest"]

    return root_mean_square(measure)
