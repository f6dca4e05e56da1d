"""A comparison of pillars, as a table of at most 80 columns or as JSON.

Called by `commands.compare`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.formats import TableFormat
from pbl.cli.show.stderr import write as talk
from pbl.cli.show.stdout import write as data
from pbl.cli.show.stdout import write_json as as_json
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import plural, safe

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator, Mapping, Sequence

    from pbl.weights.comparison import Comparison, Pair

_WIDTH = 80
_LEAST, _BRIEF = 6, 10
"""The fewest letters of a name that are shown, and the most in tables of rows."""
_MANY = 12
"""With more pillars than this, only the pairs most and least alike are shown."""
_SHOWN = 10


def comparison(found: Comparison, how: TableFormat) -> None:
    """Write a comparison to stdout, and on stderr who takes no part."""
    for name, reason in found.left_out.items():
        talk(f"left out  {safe(name)}: {safe(reason)}")
    if how is TableFormat.JSON:
        as_json({"schema_version": SCHEMA_VERSION, "command": "compare", "ok": True, **found.to_json()})
        return
    data("\n".join(_lines(found)))


def _lines(found: Comparison) -> Iterator[str]:
    yield f"{plural(found.rows, 'row')} of {plural(found.samples, 'sample')}"
    yield ""
    yield from _pillars(found)
    if found.pairs:
        yield ""
        yield from _pairs(found)
    if found.disagreements:
        yield ""
        yield from _table(
            ("widest apart", "range", "lowest", "highest"),
            [
                (
                    each.id if each.target is None else f"{each.id} {each.target}",
                    _number(each.range),
                    *(f"{_short(safe(name), _BRIEF)} {_number(each.values[name])}" for name in _ends(each.values)),
                )
                for each in found.disagreements
            ],
        )
    if found.constraints:
        yield ""
        yield from _constraints(found)


def _pillars(found: Comparison) -> Iterable[str]:
    changes = {each.pillar: each for each in found.leave_one_out}
    judged = found.metric is not None
    head = (
        "pillar",
        "share",
        "mean",
        "sd",
        "min",
        "max",
        "below 0",
        "without",
        *((found.metric or "",) if judged else ()),
    )
    return _table(
        head,
        [
            (
                each.pillar,
                f"{found.weights[each.pillar]:.4f}",
                *(_number(value) for value in (each.all.mean, each.all.sd, each.all.min, each.all.max)),
                f"{100 * each.all.negative:.1f}%",
                _number(changes[each.pillar].rmse),
                *((_number(each.score),) if judged else ()),
            )
            for each in found.pillars
        ],
    )


def _pairs(found: Comparison) -> Iterator[str]:
    head = ("pairs", "", "pearson", "spearman", "rmse", "largest", "")
    if len(found.pillars) <= _MANY:
        yield from _table(head, map(_pair, found.pairs))
        return
    order = sorted(found.pairs, key=lambda each: (-2.0 if each.pearson is None else each.pearson, each.a, each.b))
    yield from _table(("most alike", *head[1:]), map(_pair, order[: -_SHOWN - 1 : -1]))
    yield ""
    yield from _table(("least alike", *head[1:]), map(_pair, order[:_SHOWN]))


def _pair(each: Pair) -> tuple[str, ...]:
    numbers = (each.pearson, each.spearman)
    told = {None: "", "copy": "a copy", "affine": f"x {_number(each.slope)}"}[each.same]
    shown = (("-" if value is None else f"{value:.4f}") for value in numbers)
    return (each.a, each.b, *shown, _number(each.rmse), _number(each.max_abs_difference), told)


def _constraints(found: Comparison) -> Iterable[str]:
    rows = []
    for each in found.constraints:
        told = f"{each.constraint.total} = {' + '.join(each.constraint.parts)}"
        for name, off in each.pillars.items():
            rows.append((told, name, _number(off.max_abs), f"{off.broken:,}", ""))
            told = ""
        rows.append(("", "blend", _number(each.blend.max_abs), f"{each.blend.broken:,}", each.cause or ""))
    return _table(("constraint", "", "largest", "broken", "cause"), rows)


def _ends(values: Mapping[str, float]) -> tuple[str, str]:
    named = dict(values)
    return min(named, key=named.__getitem__), max(named, key=named.__getitem__)


def _table(head: Sequence[str], rows: Iterable[Sequence[str]]) -> Iterator[str]:
    """Lay out cells: names, one or two, to the left, cut so that a line fits; numbers, to the right, whole."""
    cells = [tuple(head), *(tuple(map(safe, row)) for row in rows)]
    wide = [max(len(row[n]) for row in cells) for n in range(len(head))]
    names = [n for n in range(2) if not (n and head[n])]
    left = _WIDTH - sum(2 + width for n, width in enumerate(wide) if n not in names) - 2 * (len(names) - 1)
    for n in names:
        wide[n] = min(wide[n], max(_LEAST, left - sum(min(wide[m], left // 2) for m in names if m != n)))
    for row in cells:
        yield "  ".join(
            _short(cell, wide[n]).ljust(wide[n]) if n in names or not head[n] else cell.rjust(wide[n])
            for n, cell in enumerate(row)
        ).rstrip()


def _short(text: str, most: int) -> str:
    return text if len(text) <= most else f"{text[: most - 3]}..."


def _number(value: float | None) -> str:
    return "-" if value is None else f"{value:.4g}"
