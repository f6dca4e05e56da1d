"""Score, tune and compare pillars from Python.

The functions behind `pbl.score`, `pbl.tune` and `pbl.compare`; `weights` does the work.
"""

from __future__ import annotations

from pathlib import Path
from tempfile import gettempdir
from typing import TYPE_CHECKING

from pbl.api.arguments import (
    as_limits,
    as_text,
    as_weights,
    find_oof,
    select,
    several,
)
from pbl.blending.plan import plan_blend
from pbl.domain.errors import UsageError
from pbl.domain.target_weights import by_pillar, by_target

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from pbl.api.arguments import AnyPath
    from pbl.weights.comparison import Comparison
    from pbl.weights.metrics import Average
    from pbl.weights.score import Scores as ScoreTable
    from pbl.weights.tuning import Tuning


def score(
    *paths: AnyPath | Sequence[AnyPath],
    pillars: Mapping[str, AnyPath] | None = None,
    truth: AnyPath | None = None,
    metric: AnyPath | None = None,
    average: Average | None = None,
    weights: Sequence[float] | Mapping[str, float] | None = None,
    method: str | None = None,
    common_rows: bool = False,
) -> ScoreTable:
    """Score out-of-fold files against the truth as `pbl score` does, and return the scores.

    Raises FindingsError, which has the report, for files that aren't fine, and PblError where they can't be scored.
    """
    chosen = find_oof("score", paths, pillars, truth)
    from pbl.weights.from_files import Question, score_files

    question = Question(metric=as_text(metric), average=average, common_rows=common_rows)
    given = as_weights(weights, chosen.selection)
    return score_files(chosen, question, weights=given, method=method, spill=Path(gettempdir()))[0]


def tune(
    *paths: AnyPath | Sequence[AnyPath],
    pillars: Mapping[str, AnyPath] | None = None,
    truth: AnyPath | None = None,
    metric: AnyPath | None = None,
    average: Average | None = None,
    greater_is_better: bool | None = None,
    groups: Sequence[str] = (),
    folds: AnyPath | None = None,
    methods: Sequence[str] = (),
    negative: bool = False,
    per_target: bool = False,
    trust: Sequence[str] = (),
    common_rows: bool = False,
    write: bool = False,
) -> Tuning:
    """Find the weights that out-of-fold files support as `pbl tune` does, and return candidates and advice.

    With `write`, the advised weights are set in `pbl.toml`, 0 for a pillar that was not judged; nothing is if the
    advice is to use none. Weights by target name (`per_target`) go to `[per_target.T]`. Raises FindingsError, which
    has the report, for files that aren't fine, and PblError where there is no answer.
    """
    chosen = find_oof("tune", paths, pillars, truth)
    from pbl.project.edit_toml import check_writable, write_weights
    from pbl.weights.from_files import Question, tune_files

    settings = chosen.selection.settings
    if write:
        check_writable(settings, chosen.selection.names)
    found, _ = tune_files(
        chosen,
        Question(metric=as_text(metric), average=average, greater_is_better=greater_is_better, common_rows=common_rows),
        groups=several(groups, "groups"),
        folds=None if folds is None else Path(folds),
        methods=several(methods, "methods"),
        negative=negative,
        per_target=per_target,
        trust=several(trust, "trust"),
        spill=Path(gettempdir()),
    )
    advice = found.advice
    if write and advice.weights is not None:
        write_weights(settings, by_pillar(advice.weights), advice.method or "mean", by_target(advice.weights))
    return found


def compare(
    *paths: AnyPath | Sequence[AnyPath],
    pillars: Mapping[str, AnyPath] | None = None,
    truth: AnyPath | None = None,
    metric: AnyPath | None = None,
    top: int = 10,
    threads: int | None = None,
    memory_limit: str | None = None,
    temp_dir: AnyPath | None = None,
) -> Comparison:
    """Compare the pillars' numbers as `pbl compare` does, and return the comparison.

    `top` rows on which they disagree most are listed. With `truth`, out-of-fold files are compared and scored. Raises
    FindingsError, which has the report, if a check finds an error, and PblError where the comparison can't be made.
    """
    from pbl.weights.compare import compare as carry_out

    limits = as_limits(threads, memory_limit, temp_dir)
    if truth is not None:
        chosen = find_oof("compare", paths, pillars, truth)
        from pbl.weights.from_files import Question, compare_files

        return compare_files(
            chosen, Question(metric=as_text(metric)), top=top, spill=Path(gettempdir()), limits=limits
        )[0]
    if metric is not None:
        raise UsageError("metric goes with truth")
    plan = plan_blend(select(paths, pillars or {}, None))
    return carry_out(plan, spill=Path(gettempdir()), top=top, limits=limits)
