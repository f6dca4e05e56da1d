"""Print what `tune` found: candidates with their intervals, the weights, the doubts, the advice and what to type next.

Called by `commands.tune`. No in-sample score is shown, as it is too good.
"""

from __future__ import annotations

from textwrap import wrap
from typing import TYPE_CHECKING

from pbl.cli.show.grid import NONE, WIDTH, columns, interval, number
from pbl.cli.show.report import tell_warnings
from pbl.cli.show.score import MEANS, heading, rows_left_out
from pbl.cli.show.stderr import write as talk
from pbl.cli.show.stdout import write as data
from pbl.cli.show.stdout import write_json as _json
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.target_weights import by_pillar, by_target
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    from pbl.domain.report import Report
    from pbl.weights.tuning import Tuning


def print_tuning(
    found: Tuning,
    report: Report,
    *,
    written: Path | None,
    dropped: Mapping[str, float | None],
    next_: str,
    as_json: bool,
) -> None:
    """Print the result to stdout, and warnings about the files to stderr."""
    tell_warnings(report)
    if as_json:
        _json({"schema_version": SCHEMA_VERSION, "command": "tune", "ok": True, **found.to_json()})
    else:
        data("\n".join(_table(found)))
    if written is not None:
        talk(f"written  {safe(str(written))}")
        for name, weight in dropped.items():
            before = "had none" if weight is None else f"was {weight:g}"
            talk(f"note     {safe(name)} was not judged, so its weight is 0 now ({before})")
    if not as_json:
        talk(f"next     {safe(next_)}")


def _table(found: Tuning) -> Iterator[str]:
    yield heading(found.metric, found.average, greater=found.greater_is_better, rows=found.rows, samples=found.samples)
    yield from rows_left_out(found.rows_left_out)
    grouped = ", ".join(map(safe, found.grouped_by))
    given = ", current as given" if any(each.as_given for each in found.candidates) else ""
    yield f"{plural(found.groups, 'group')} by {grouped}, {plural(found.folds, 'fold')}; scores are cross-fitted{given}"
    yield ""
    rows = [["candidate", "score", "95 % interval", "gain", "over equal"]]
    for each in found.candidates:
        gain = each.gain_over_equal
        cells = (
            ["", ""]
            if gain is None or each.name == "equal"
            else [number(gain.gain, signed=True), interval(gain.interval)]
        )
        rows.append([each.name, number(each.score), interval(each.interval), *cells])
    rows.append([MEANS, number(found.baseline), "", "", ""])
    yield from columns(rows)
    yield ""
    without = {each.pillar: each.change for each in found.leave_one_out}
    shared = {each.name: by_pillar(each.weights) for each in found.candidates}
    names = [name for name, own in shared.items() if own]
    weights = [[_weight(shared[name].get(pillar)) for name in names] for pillar in found.pillars]
    lines = zip(found.pillars, weights, strict=True)
    yield from columns(
        [
            ["weight", *names, "without it"],
            *([safe(pillar), *cells, number(without.get(pillar), signed=True)] for pillar, cells in lines),
        ]
    )
    for each in found.candidates:
        nested = by_target(each.weights)
        if nested:
            yield ""
            rows = [[_weight(own.get(pillar)) for own in nested.values()] for pillar in found.pillars]
            pillars = zip(found.pillars, rows, strict=True)
            yield from columns([[each.name, *map(safe, nested)], *([safe(name), *cells] for name, cells in pillars)])
    yield ""
    for warned in found.warnings:
        yield from _wrap(f"warning {warned.code}: {warned.message}")
    for suspect in found.suspicious:
        yield from _wrap(f"suspicious {suspect.pillar}: {suspect.reason}")
    yield from _wrap(f"advice  {found.advice.text}")


def _weight(value: float | None) -> str:
    return NONE if value is None else f"{value:.4f}"


def _wrap(text: str) -> list[str]:
    return wrap(safe(text), WIDTH, subsequent_indent="    ", break_long_words=False, break_on_hyphens=False)
