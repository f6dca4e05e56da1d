"""The sections on the blend itself: the verdict, its pillars, the effect of a clip, the blend without each pillar.

`report` puts the sections together.
"""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from pbl.domain.findings import Example
from pbl.domain.wording import numeral, plural
from pbl.reporting.charts.numbers import draw_dots
from pbl.reporting.charts.weighing import draw_changes, draw_shares
from pbl.reporting.sections import NotShown, Picture, Section, Table

if TYPE_CHECKING:
    from pbl.domain.report import FileReport
    from pbl.reporting.material import Material
    from pbl.reporting.sections import Cell
    from pbl.weights.score import Score
    from pbl.weights.tuning import Candidate

_NO_PILLARS = "name the pillars: pbl report FOLDER"
_MOST_TARGETS = 12


def make_verdict(made: Material) -> Section | NotShown:
    """Say whether the files are fine, and the four numbers that people ask for first."""
    if made.report is None:
        return NotShown(section="verdict", why="no pillars are named", hint=_NO_PILLARS)
    findings = made.report.findings
    numbers = [] if made.failed else _numbers(made)
    columns = ("finding", "file", "column", "count", "message", "first row", "first id", "first value")
    rows = []
    for each in findings:
        first = each.examples[0] if each.examples else Example()
        where = Path(each.file).name if each.pillar is None else f"{each.pillar} ({Path(each.file).name})"
        told = (f"{each.severity} {each.code} {each.rule}", where, each.column or "", each.count)
        said = f"{each.message} \u2192 {each.hint}"
        rows.append((*told, said, first.row, first.id or "", first.value or ""))
    table = Table(caption="Findings", columns=columns, rows=tuple(rows), open=made.failed)
    return Section(
        name="verdict",
        heading="Is everything fine?",
        answer=made.report.verdict(),
        tables=(table,) if rows else (),
        data={
            "ok": not made.failed,
            "text": made.report.verdict(),
            "numbers": [{"name": name, "value": value, "detail": detail} for name, value, detail, _ in numbers],
            "findings": [{**each.to_json(), "file": Path(each.file).name} for each in findings],
        },
    )


def headline(made: Material) -> list[tuple[str, str, str]]:
    """Return the four numbers to show: name, number, note."""
    return (
        []
        if made.failed or made.report is None
        else [(name, shown, detail) for name, _, detail, shown in _numbers(made)]
    )


def current_of(made: Material) -> Candidate | None:
    """Return today's blend as tune judges it."""
    tuning = made.judged.tuning if made.judged else None
    return next((each for each in tuning.candidates if each.name == "current"), None) if tuning else None


def best_single(made: Material) -> Score | None:
    """Return the best pillar by its own score; None if it isn't known which score is better."""
    if made.judged is None or made.judged.scores.greater_is_better is None:
        return None
    known = [each for each in made.judged.scores.scores if each.score is not None]
    sign = 1 if made.judged.scores.greater_is_better else -1
    return max(known, key=lambda each: sign * (each.score or 0.0), default=None)


def _numbers(made: Material) -> list[tuple[str, float | None, str, str]]:
    found: list[tuple[str, float | None, str, str]] = []
    today, best = current_of(made), best_single(made)
    metric = made.judged.scores.metric if made.judged else ""
    if made.lacking:
        told = f"not scored: no out-of-fold predictions of {', '.join(made.lacking)}"
        found.append(("today's blend", None, told, numeral(None)))
    elif today is not None:
        reach = today.interval if made.judged and made.judged.intervals else None
        told = f"{metric}, 95 % {numeral(reach[0])} to {numeral(reach[1])}" if reach else metric
        found.append(("today's blend", today.score, told, numeral(today.score)))
    if best is not None:
        found.append(("best single pillar", best.score, best.pillar, numeral(best.score)))
    if made.shape is not None:
        changed, rows = (sum(each) for each in zip(*((c.changed, c.rows) for c in made.shape.clipped), strict=True))
        found.append(("values clipped", changed, f"of {rows:,}", numeral(changed)))
    if made.runs is not None:
        found.append(("runs", len(made.runs.runs), "logged", numeral(len(made.runs.runs))))
    return found


def make_blend(made: Material) -> Section | NotShown:
    """Say which pillars and files are in the blend."""
    if made.plan is None or made.report is None or made.comparison is None:
        return NotShown(section="blend", why="no pillars are named", hint=_NO_PILLARS)
    shares = list(made.comparison.weights.items())
    plan, clip = made.plan, made.plan.clip
    ends = (("at least", clip.low), ("at most", clip.high))
    bounds = " and ".join(f"{word} {numeral(end)}" for word, end in ends if end is not None)
    held = f", held to {bounds}" if bounds else ""
    top = max(shares, key=lambda each: each[1])
    alike = len(shares) > 1 and len({share for _, share in shares}) == 1
    most = f"each has the share {numeral(top[1])}" if alike else f"{top[0]} has the largest share, {numeral(top[1])}"
    files = {file.pillar: file for file in made.report.files}
    rows: list[tuple[Cell, ...]] = [(name, share, *_file(files[name])) for name, share in shares]
    if made.report.template is not None:
        rows.append(("(template)", None, *_file(made.report.template)))
    told = ", ".join(f"{name} {numeral(share)}" for name, share in shares)
    return Section(
        name="blend",
        heading="What is in the blend?",
        answer=f"The {plan.method} of {plural(len(shares), 'pillar')}{held}; {most}.",
        pictures=(
            Picture(
                name="blend",
                title="Shares of the blend",
                description=f"One bar of all shares: {told}.",
                draw=lambda width: draw_shares(shares, width),
            ),
        ),
        tables=(
            Table(
                caption="Shares and files",
                columns=("pillar", "share", "file", "rows", "bytes", "sha256"),
                rows=tuple(rows),
            ),
        ),
        data={
            "weights": dict(shares),
            "source": str(plan.weighing.source),
            "method": str(plan.method),
            "clip_min": clip.low,
            "clip_max": clip.high,
            "files": [_file_json(file) for file in made.report.files],
            "template": made.report.template and _file_json(made.report.template),
        },
    )


def make_clipping(made: Material) -> Section | NotShown:
    """Say how many values the clip changed, by target name."""
    if made.shape is None or made.plan is None:
        return NotShown(section="clipping", why="no pillars are named", hint=_NO_PILLARS)
    clip, found = made.plan.clip, made.shape.clipped
    data: dict[str, Any] = {
        "clip_min": clip.low,
        "clip_max": clip.high,
        "targets": [
            {"target": c.target, "rows": c.rows, "clipped": c.changed, "raised": c.raised, "lowered": c.lowered}
            | {"largest": c.largest}
            for c in found
        ],
    }
    changed, rows = sum(c.changed for c in found), sum(c.rows for c in found)
    answer = f"It changed {changed:,} of {plural(rows, 'value')}."
    if clip.low is None and clip.high is None:
        answer = "No bounds are set, so nothing was clipped."
    elif not changed:
        answer = f"Nothing: all of {plural(rows, 'value')} lie within the bounds."
    else:
        most = max(found, key=lambda c: c.changed)
        answer += f" Most of them are of {most.target}: {most.changed:,}." if len(found) > 1 else ""
    table = Table(
        caption="Clipped values by target",
        columns=("target", "values", "clipped", "raised", "lowered", "largest change"),
        rows=tuple((c.target, c.rows, c.changed, c.raised, c.lowered, c.largest) for c in found),
        open=len(found) <= _MOST_TARGETS,
    )
    tables = (table,) if changed else ()
    return Section(name="clipping", heading="What did clipping change?", answer=answer, tables=tables, data=data)


def make_leave_one_out(made: Material) -> Section | NotShown:
    """Say by how much the blend changes without each pillar, and, with a truth, its score."""
    if made.shape is None or made.comparison is None:
        return NotShown(section="leave_one_out", why="no pillars are named", hint=_NO_PILLARS)
    moves = {each.pillar: each for each in made.comparison.leave_one_out if each.rmse is not None}
    if not moves:
        return NotShown(section="leave_one_out", why="one pillar alone is blended", hint="name a second pillar")
    by_target = {name: {m.target: m.rmse for m in made.shape.moves if m.pillar == name} for name in moves}
    targets = list(dict.fromkeys(m.target for m in made.shape.moves))
    drawn = targets[:_MOST_TARGETS]
    most = max(moves.values(), key=lambda each: each.rmse or 0.0)
    answer = f"Without {most.pillar} the blend moves most: by {numeral(most.rmse)} (root mean square)."
    labels = list(moves)
    picture = Picture(
        name="leave_one_out",
        title="How far the blend moves without each pillar: a dot a target, a bar for all rows",
        description=f"A row a pillar, a dot a target. {answer}",
        draw=lambda width: draw_dots(
            labels,
            drawn,
            [{t: by_target[name][t] for t in drawn} for name in labels],
            [moves[name].rmse for name in labels],
            title="root mean square of the change",
            width=width,
        ),
    )
    columns = ("without", "target", "root mean square", "largest")
    rows: list[tuple[str, str, float | None, float | None]] = []
    for name in labels:
        rows.append((name, "all", moves[name].rmse, moves[name].max_abs))
        rows += [(name, m.target, m.rmse, m.largest) for m in made.shape.moves if m.pillar == name]
    tables = [Table(caption="Moves of the blend", columns=columns, rows=tuple(rows))]
    data: dict[str, Any] = {
        "moves": [each.to_json() for each in made.comparison.leave_one_out],
        "by_target": [
            {"pillar": m.pillar, "target": m.target, "rmse": m.rmse, "max_abs": m.largest} for m in made.shape.moves
        ],
    }
    pictures, notes = [picture], []
    tuning = made.judged.tuning if made.judged else None
    if tuning is not None:
        sure = bool(made.judged and made.judged.intervals)
        changes = [(e.pillar, e.change, e.interval if sure else None) for e in tuning.leave_one_out]
        known = [(name, change, reach) for name, change, reach in changes if change is not None]
        data["scores"] = [
            each.to_json() | {"interval": list(each.interval) if each.interval and sure else None}
            for each in tuning.leave_one_out
        ]
        if known:
            worst = min(known, key=lambda each: each[1])
            answer += f" Without {worst[0]} the tuned blend's {tuning.metric} changes by {numeral(worst[1])}."
            told = "; ".join(f"{name} {numeral(change)}" for name, change, _ in known)
            pictures.append(
                Picture(
                    name="leave_one_out_scores",
                    title="How the score changes without each pillar",
                    description=f"Right of the dashed line the blend is better without the pillar. {told}.",
                    draw=lambda width: draw_changes(known, f"change of {tuning.metric}, right is better", width),
                )
            )
        tables.append(
            Table(
                caption="Scores without each pillar, its weights tuned again",
                columns=("without", "score", "change (above 0: better without)", "95 % from", "to"),
                rows=tuple(
                    (e.pillar, e.score, e.change, *((e.interval if sure else None) or (None, None)))
                    for e in tuning.leave_one_out
                ),
            )
        )
    elif len(targets) > len(drawn):
        notes.append(f"The picture has {len(drawn)} of {plural(len(targets), 'target')}; the table has all.")
    return Section(
        name="leave_one_out",
        heading="What if one pillar were left out?",
        answer=answer,
        pictures=tuple(pictures),
        tables=tuple(tables),
        notes=tuple(notes),
        data=data,
    )


def _file(file: FileReport) -> tuple[str, int | None, int | None, str]:
    return (Path(file.path).name, file.rows, file.bytes, file.sha256 or "")


def _file_json(file: FileReport) -> dict[str, Any]:
    name, rows, size, sha256 = _file(file)
    return {"pillar": file.pillar, "path": name, "rows": rows, "bytes": size, "sha256": sha256}
