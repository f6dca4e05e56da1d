"""The sections that need out-of-fold predictions and their truth: scores, folds, residuals.

`report` puts the sections together.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from pbl.domain.target_weights import by_pillar
from pbl.domain.wording import numeral, plural
from pbl.reporting.charts.history import draw_tenths
from pbl.reporting.charts.weighing import draw_folds, draw_scores
from pbl.reporting.sections import NotShown, Picture, Section, Table

if TYPE_CHECKING:
    from collections.abc import Sequence

    from pbl.reporting.material import Material
    from pbl.reporting.sections import Cell
    from pbl.weights.judging import Judged
    from pbl.weights.score import Scores
    from pbl.weights.tuning import Candidate

_FIXED = frozenset({"equal", "current"})
"""Candidates without fitted weights: their in-sample score is their score."""
_AS_GIVEN = "Today's weights are scored as they are: if they were fitted on these rows, their score flatters."
_FEW = "under 20 groups no interval is drawn: they are too few to tell noise by"
_NEEDS = "an out-of-fold file a pillar"


def make_scores(made: Material) -> Section | NotShown:
    """Give the score of each pillar and each candidate with its interval, and the advice of `tune` word for word."""
    judged = made.judged
    if judged is None:
        return NotShown(section="scores", why=made.unjudged, hint=made.hint)
    scores, tuning, sure = judged.scores, judged.tuning, bool(judged.intervals)
    rows: list[dict[str, Any]] = []
    for each in scores.scores:
        low, high = judged.intervals.get(each.pillar) or (None, None)
        rows.append(_row(each.pillar, each.score, low, high) | {"fold_mean": each.fold_mean, "fold_sd": each.fold_sd})
    for candidate in tuning.candidates if tuning else ():
        if candidate.name == "best-single":
            continue
        low, high = (candidate.interval if sure else None) or (None, None)
        row = _row(candidate_name(candidate, made.lacking), candidate.score, low, high) | {"blend": True}
        if not candidate.name.endswith(tuple(_FIXED)):
            row["in_sample"] = candidate.in_sample
        rows.append(row | {"fold_mean": candidate.fold_mean, "fold_sd": candidate.fold_sd})
    known = [row for row in rows if row["score"] is not None]
    answer = tuning.advice.text if tuning else _best(scores)
    told = "; ".join(
        f"{row['name']} {numeral(row['score'])}"
        + (f" ({numeral(row['low'])} to {numeral(row['high'])})" if row["low"] is not None else "")
        for row in rows
    )
    better = {True: ", higher is better", False: ", lower is better", None: ""}[scores.greater_is_better]
    title = f"{scores.metric}{better}"
    picture = Picture(
        name="scores",
        title="Scores on rows that the weights were not fitted on",
        description=f"{title}. {told}.",
        draw=lambda width: draw_scores(known, title, width),
    )
    table = Table(
        caption="Scores",
        columns=("", "score", "95 % from", "to", "in-sample (flatters)", "fold mean", "fold sd"),
        rows=(
            *((r["name"], r["score"], r["low"], r["high"], r["in_sample"], r["fold_mean"], r["fold_sd"]) for r in rows),
            ("(predicting the means)", scores.baseline.score if scores.baseline else None, *[None] * 5),
        ),
    )
    tables = [table, *_gains(judged, sure=sure), *_per_target(scores)]
    notes = [each.message for each in tuning.warnings] if tuning else []
    notes += [_AS_GIVEN] if tuning and any(each.as_given for each in tuning.candidates) else []
    notes += [f"{each.pillar}: {each.reason}" for each in tuning.suspicious] if tuning else []
    notes += [] if tuning else [f"No weights were tuned: {judged.untuned}."]
    notes += [] if sure else [f"{plural(judged.groups, 'group')}: {_FEW}."]
    return Section(
        name="scores",
        heading="How good is each, and how sure is that?",
        answer=answer,
        pictures=(picture,) if known else (),
        tables=tuple(tables),
        notes=tuple(notes),
        data={
            "score": scores.to_json(),
            "tune": tuning and tuning.to_json(),
            "intervals": {name: each and list(each) for name, each in judged.intervals.items()},
            "groups": judged.groups,
        },
    )


def candidate_name(candidate: Candidate, lacking: Sequence[str]) -> str:
    """Return the name of a candidate in a list with pillars; some may be `lacking` in today's blend."""
    today = f"today's without {', '.join(lacking)}" if lacking else "today's weights"
    return {"equal": "equal weights", "current": today, "best-single": "best single"}.get(
        candidate.name, candidate.name
    )


def _row(name: str, score: float | None, low: float | None, high: float | None) -> dict[str, Any]:
    return {"name": name, "score": score, "low": low, "high": high, "in_sample": None, "blend": False}


def _best(scores: Scores) -> str:
    known = [each for each in scores.scores if each.score is not None]
    if not known or scores.greater_is_better is None:
        return f"{plural(len(scores.scores), 'pillar')} scored by {scores.metric}."
    sign = 1 if scores.greater_is_better else -1
    best = max(known, key=lambda each: sign * (each.score or 0.0))
    return f"{best.pillar} has the best {scores.metric}: {numeral(best.score)}."


def _gains(judged: Judged, *, sure: bool) -> list[Table]:
    tuning = judged.tuning
    if tuning is None:
        return []
    rows = []
    for each in tuning.candidates:
        gains = [each.gain_over_equal, each.gain_over_current]
        told = [(g.gain, *((g.interval if sure else None) or (None, None))) if g else (None,) * 3 for g in gains]
        rows.append((each.name, *told[0], *told[1], *(by_pillar(each.weights).get(name) for name in tuning.pillars)))
    columns = ("candidate", "gain over equal", "95 % from", "to", "gain over today's", "95 % from", "to")
    return [
        Table(
            caption="Gains, and the weights of each way to blend",
            columns=(*columns, *(f"weight of {name}" for name in tuning.pillars)),
            rows=tuple(rows),
        )
    ]


def _per_target(scores: Scores) -> list[Table]:
    targets = list(dict.fromkeys(name for each in scores.scores for name in each.per_target))
    if len(targets) < 2:  # noqa: PLR2004 - one target's score is the score
        return []
    return [
        Table(
            caption="Scores within each target",
            columns=("target", *(each.pillar for each in scores.scores), "(predicting the means)"),
            rows=tuple(
                (
                    target,
                    *(each.per_target.get(target) for each in scores.scores),
                    scores.baseline.per_target.get(target) if scores.baseline else None,
                )
                for target in targets
            ),
        )
    ]


def make_folds(made: Material) -> Section | NotShown:
    """Say how much the tuned weights differ between folds."""
    if made.judged is None:
        return NotShown(section="folds", why=made.unjudged, hint=made.hint)
    tuning = made.judged.tuning
    if tuning is None:
        return NotShown(section="folds", why=made.judged.untuned, hint=_NEEDS)
    tuned = next(each for each in tuning.candidates if each.name == "tuned")
    today = next(each for each in tuning.candidates if each.name == "current")
    names = tuning.pillars
    ranges = {name: [fold.weights[name] for fold in tuning.fold_weights] for name in names}
    widest = max(names, key=lambda name: max(ranges[name]) - min(ranges[name]))
    low, high = min(ranges[widest]), max(ranges[widest])
    answer = (
        f"Over {plural(len(tuning.fold_weights), 'fold')} the tuned weight of {widest} moves most, "
        f"from {numeral(low)} to {numeral(high)}."
    )
    dots = [(row, fold.weights[name]) for row, name in enumerate(names) for fold in tuning.fold_weights]
    told = "; ".join(f"{name} {numeral(min(ranges[name]))} to {numeral(max(ranges[name]))}" for name in names)
    weights = [(each.fold, each.weights) for each in tuning.fold_weights]
    whole, current = by_pillar(tuned.weights), by_pillar(today.weights)
    weights += [("all rows", whole), ("today's", current)]
    rows: list[tuple[Cell, ...]] = [(name, *(each[pillar] for pillar in names)) for name, each in weights]
    return Section(
        name="folds",
        heading="Do the weights hold from fold to fold?",
        answer=answer,
        pictures=(
            Picture(
                name="folds",
                title="Tuned weights, fold by fold",
                description=f"A dot a fold, a bar for all rows, a triangle for today's. {told}.",
                draw=lambda width: draw_folds(
                    names,
                    dots,
                    [whole[name] for name in names],
                    [current.get(name) for name in names],
                    width,
                ),
            ),
        ),
        tables=(
            Table(
                caption="Weights by fold",
                columns=("fold", *names),
                rows=tuple(rows),
            ),
        ),
        notes=(f"Today's weights are those without {', '.join(made.lacking)}.",) if made.lacking else (),
        data={
            "folds": [each.to_json() for each in tuning.fold_weights],
            "tuned": dict(whole),
            "current": dict(current),
            "groups": {"by": list(tuning.grouped_by), "count": tuning.groups, "folds": tuning.folds},
        },
    )


def make_residuals(made: Material) -> Section | NotShown:
    """Say whether today's blend is right on average where it is low and where it is high."""
    if made.judged is None or made.judged.tenths is None:
        return NotShown(section="residuals", why=made.unjudged, hint=made.hint)
    if made.lacking:
        why = f"the blend has pillars without out-of-fold predictions: {', '.join(made.lacking)}"
        return NotShown(section="residuals", why=why, hint=made.hint)
    found = made.judged.tenths
    off = [
        each
        for each in found.tenths
        if each.interval and not each.interval[0] <= _right(each, found.probabilities) <= each.interval[1]
    ]
    parts = len(found.tenths)
    sure = any(each.interval for each in found.tenths)
    whole = f"Of {parts} tenths" if parts == 10 else f"Of {plural(parts, 'part')}"  # noqa: PLR2004 - a tenth is one of ten
    answer = (
        f"{whole} of the predictions, {len(off)} are off by more than noise."
        if sure
        else "The mean residuals of today's blend, without intervals."
    )
    if sure and off:
        most = max(off, key=lambda each: abs(each.residual))
        side = "low" if most.residual > 0 else "high"
        answer += (
            f" Around {numeral(most.prediction)} the blend is too {side} by {numeral(abs(most.residual))} on average."
        )
    name = "observed rate" if found.probabilities else "mean residual"
    told = "; ".join(
        f"{numeral(e.prediction)}: {numeral(e.truth if found.probabilities else e.residual)}" for e in found.tenths
    )
    notes = ["Today's blend of the out-of-fold predictions, before a clip."]
    notes += [] if sure else [f"{plural(made.judged.groups, 'group')}: {_FEW}."]
    return Section(
        name="residuals",
        heading="Is the blend right on average?",
        answer=answer,
        pictures=(
            Picture(
                name="residuals",
                title=f"Tenths of the predictions against the {name}",
                description=f"On the dashed line the blend is right. Prediction: {name}. {told}.",
                draw=lambda width: draw_tenths(found, width),
            ),
        ),
        tables=(
            Table(
                caption="Tenths of the predictions",
                columns=("rows", "from", "to", "mean prediction", "mean truth", "mean residual", "95 % from", "to"),
                rows=tuple(
                    (e.rows, e.low, e.high, e.prediction, e.truth, e.residual, *(e.interval or (None, None)))
                    for e in found.tenths
                ),
            ),
        ),
        notes=tuple(notes),
        data=found.to_json(),
    )


def _right(each: Any, probabilities: bool) -> float:  # noqa: ANN401, FBT001 - a Tenth
    return float(each.prediction) if probabilities else 0.0
