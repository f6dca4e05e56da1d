"""The sections on the logged runs: whether the leaderboard agrees with CV, and the runs themselves.

`report` puts the sections together.
"""

from __future__ import annotations

import re
from collections import Counter
from typing import TYPE_CHECKING, Any

from pbl.domain.wording import numeral, plural
from pbl.ledger.run import sort_runs
from pbl.reporting.charts.history import draw_cv_public, draw_gaps
from pbl.reporting.sections import Link, NotShown, Picture, Section, Table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.ledger.run import Run
    from pbl.ledger.run_list import RunList
    from pbl.reporting.material import Material
    from pbl.reporting.sections import Cell

_FEWEST = 3
"""The least number of runs with both scores for a picture."""
_SHA = 12
_LINKED = 40
"""The number of newest runs with a link below the pictures; the table has all."""
_NO_RUN = "no run is logged"
_LOG_RUN = "pbl log-run submission.csv --label NAME --cv SCORE"
_IMPORT = "kaggle competitions submissions COMPETITION --csv | pbl runs import-scores -"
_SAFE = re.compile(r"[A-Za-z0-9._-]+")


def make_history(made: Material) -> Section | NotShown:
    """Say whether public scores rank the runs as CV does, and how the gap changes over time."""
    runs = made.runs
    if runs is None or not runs.runs:
        return NotShown(section="history", why=_NO_RUN, hint=_LOG_RUN)
    both = _comparable(runs)
    if not both:
        return NotShown(section="history", why="no run has both a CV and a public score", hint=_IMPORT)
    anchors = find_anchors(runs)
    oldest = both[::-1]
    listed = made.asked.wants(frozenset({"runs"}))

    def link(text: str, run: Run) -> Cell:
        return Link(text, anchors[run.key]) if listed else text

    count = len(both)
    rho = _rank_correlation([(_merit(r, "processed_cv"), _merit(r, "public_score")) for r in both])
    gaps = [(r.scores["gap"], _private_gap(r)) for r in oldest]
    data: dict[str, Any] = {
        "metric": both[0].metric.name,
        "rank_correlation": rho,
        "count": count,
        "runs": [
            {"run_id": r.run_id, "label": r.label, "cv": r.scores["processed_cv"], "public": r.scores["public_score"]}
            | {"private": r.scores["private_score"], "gap": r.scores["gap"], "private_gap": _private_gap(r)}
            for r in oldest
        ],
    }
    table = Table(
        caption="Runs with both scores, the oldest first",
        columns=("run", "label", "CV", "public", "private", "CV \u2212 public", "CV \u2212 private"),
        rows=tuple(
            (
                link(r.run_id or r.label or "run", r),
                r.label,
                *(r.scores[c] for c in ("processed_cv", "public_score", "private_score", "gap")),
                _private_gap(r),
            )
            for r in oldest
        ),
        open=count < _FEWEST,
    )
    heading = "Does the leaderboard agree with CV?"
    if count < _FEWEST:
        answer = f"{plural(count, 'run')} with both scores: too few to say."
        return Section(name="history", heading=heading, answer=answer, tables=(table,), data=data)
    said = "cannot be told, as one of them is the same throughout" if rho is None else f"is {numeral(rho)}"
    answer = f"Over {plural(count, 'run')} with both scores the rank correlation of CV and public score {said}."
    others = len(runs.runs) - count
    points = [(float(r.scores["processed_cv"] or 0), float(r.scores["public_score"] or 0), r.label) for r in oldest]
    told = "; ".join(f"{label or 'run'} {numeral(cv)} and {numeral(public)}" for cv, public, label in points[-12:])
    trend = "; ".join(numeral(gap) for gap, *_ in gaps[-12:])
    return Section(
        name="history",
        heading=heading,
        answer=answer,
        pictures=(
            Picture(
                name="history",
                title="CV against public score",
                description=f"A dot a run, its label beside it where there is room. The last ones: {told}.",
                draw=lambda width: draw_cv_public(points, width),
            ),
            Picture(
                name="history_gaps",
                title="CV less public score, run by run",
                description=f"Filled: CV less public score; rings: CV less private. The last gaps: {trend}.",
                draw=lambda width: draw_gaps(gaps, width),
            ),
        ),
        links=tuple(Link(r.label or r.run_id or "run", anchors[r.key]) for r in both[:_LINKED]) if listed else (),
        tables=(table,),
        notes=(f"{plural(others, 'other run')} without both scores, or of another metric, left out.",)
        if others
        else (),
        data=data,
    )


def make_runs(made: Material) -> Section | NotShown:
    """List the runs, and the warnings about them."""
    runs = made.runs
    if runs is None or not runs.runs:
        return NotShown(section="runs", why=_NO_RUN, hint=_LOG_RUN)
    anchors = find_anchors(runs)
    newest = runs.runs[0]
    when = str(newest.value("logged_at") or "")
    rows: list[tuple[Cell, ...]] = []
    for run in runs.runs:
        shares = run.weights or {}
        told = ", ".join(f"{name} {numeral(share)}" for name, share in shares.items())
        model = str(run.value("model") or "")
        who = str(run.value("pillar") or "")
        scores = [run.scores[c] for c in ("processed_cv", "full_cv", "public_score", "private_score", "gap")]
        sha = str(run.value("submission_sha256") or "")[:_SHA]
        rows.append(
            (
                run.run_id,
                str(run.value("logged_at") or ""),
                run.label,
                who,
                told or model,
                *scores,
                run.metric.name,
                sha,
            )
        )
    folder = f"{made.asked.logs}/"
    told_of = [(each.code, each.message.replace(folder, "")) for each in runs.warnings]
    told_of += [(each.code, each.message.replace(folder, "")) for each in runs.troubles]
    called = newest.label or newest.run_id or "without a label"
    at = f", of {when[:10]}" if when else ""
    return Section(
        name="runs",
        heading="The runs",
        answer=f"{plural(len(runs.runs), 'run')}; the newest is {called}{at}.",
        tables=(
            Table(
                caption="All runs, the newest first",
                columns=(
                    *("run", "when", "label", "pillar", "weights or model", "CV", "full CV", "public", "private"),
                    *("gap", "metric", "sha256"),
                ),
                rows=tuple(rows),
                anchors=tuple(anchors[run.key] for run in runs.runs),
                sortable=True,
                open=True,
            ),
        ),
        notes=tuple(message for _, message in told_of),
        data={
            "runs": [{**run.to_json(), "file": run.base.file.name} for run in runs.runs],
            "warnings": [{"code": code, "message": message} for code, message in told_of],
        },
    )


def find_anchors(runs: RunList) -> Mapping[tuple[str, str, str], str]:
    """Return the anchor of each run: run-<id>, with a number where an id can't be one, or is another row's too."""
    found: dict[tuple[str, str, str], str] = {}
    taken: set[str] = set()
    for place, run in enumerate(runs.runs):
        name = f"run-{run.run_id}" if _SAFE.fullmatch(run.run_id) else f"run-.{place + 1}"
        if name in taken:
            name = f"{name}.{place + 1}"
        taken.add(name)
        found.setdefault(run.key, name)
    return found


def _comparable(runs: RunList) -> list[Run]:
    """Return the runs that have both scores, the newest first, of the metric that most of them have."""
    both = [r for r in runs.runs if r.scores["processed_cv"] is not None and r.scores["public_score"] is not None]
    counts = Counter(run.metric.key for run in both)
    if not counts:
        return []
    key = max(sorted(counts), key=counts.__getitem__)
    return sort_runs([run for run in both if run.metric.key == key], "when")


def _merit(run: Run, column: str) -> float:
    return run.merit(column) or 0.0


def _private_gap(run: Run) -> float | None:
    cv, private = run.scores["processed_cv"], run.scores["private_score"]
    return None if cv is None or private is None else run.metric.gap(cv, private)


def _rank_correlation(pairs: Sequence[tuple[float, float]]) -> float | None:
    """Return Spearman's rank correlation, ties by their average rank; None if one side is constant."""
    one, other = (_ranks([pair[side] for pair in pairs]) for side in (0, 1))
    mean = (len(pairs) + 1) / 2
    top = sum((a - mean) * (b - mean) for a, b in zip(one, other, strict=True))
    below = sum((a - mean) ** 2 for a in one) * sum((b - mean) ** 2 for b in other)
    return top / below**0.5 if below > 0 else None


def _ranks(values: Sequence[float]) -> list[float]:
    order = sorted(values)
    first: dict[float, int] = {}
    for place, value in enumerate(order):
        first.setdefault(value, place)
    counts = Counter(order)
    return [first[value] + (counts[value] + 1) / 2 for value in values]
