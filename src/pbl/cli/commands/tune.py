"""`pbl tune`: weights fitted on out-of-fold predictions.

`weights.from_files` does the work, and `project.edit_toml` writes `--write`; `show.tune` prints the outcome.
"""

import sys
from shlex import join
from typing import TYPE_CHECKING, Annotated

import typer

from pbl.cli import oof_options, options
from pbl.cli.formats import TableFormat
from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.project.oof_files import OofSelection
    from pbl.weights.tuning import Tuning


def tune(
    paths: oof_options.Paths = None,
    truth: oof_options.Truth = None,
    metric: oof_options.Metric = None,
    average: oof_options.Average = None,
    groups: Annotated[
        list[str] | None,
        typer.Option("--groups", metavar="COL,COL", help="Truth columns; rows that agree in them stay together."),
    ] = None,
    folds: Annotated[
        str | None, typer.Option("--folds", metavar="FILE", help="The fold of each id or sample: sample_id,fold.")
    ] = None,
    method: Annotated[
        list[str] | None, typer.Option("--method", metavar="M,M", help="Judge these ways to blend as well.")
    ] = None,
    negative: Annotated[bool, typer.Option("--negative", help="Try weights below 0 too.")] = False,
    per_target: Annotated[
        bool, typer.Option("--per-target", help="Try separate weights for each target name too.")
    ] = False,
    trust: Annotated[
        list[str] | None, typer.Option("--trust", metavar="PILLAR", help="This pillar has not seen the truth.")
    ] = None,
    write: Annotated[bool, typer.Option("--write", help="Set the advised weights in pbl.toml.")] = False,
    common_rows: oof_options.CommonRows = False,
    greater: Annotated[
        bool, typer.Option("--greater-is-better", help="Greater scores of a metric file are better.")
    ] = False,
    lower: Annotated[bool, typer.Option("--lower-is-better", help="Lower scores of a metric file are better.")] = False,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="table|json", help="How to write what was found.")
    ] = "table",
) -> None:
    """Find the weights that out-of-fold predictions support.

    Each score is of rows that its weights were not fitted on, with a 95 % interval (today's weights are scored as they
    are, unless a fit on these rows gives them), and equal weights are advised unless a gain exceeds the noise.
    --write sets what is advised, also [per_target.T] for pbl blend --per-target, and 0 for pillars that were not
    judged. Exit code 1: findings, or nothing to write; 2: could not tune.

    Examples:
        pbl tune pillars/ --truth pillars/train.csv
        pbl tune pillars/ --truth train.csv --groups State,Sampling_Date --write
        pbl tune pillars/ --truth train.csv --metric auc --method rank,logit
        pbl tune pillars/ --truth train.csv --per-target --write
        pbl tune pillars/ --truth train.csv --metric metric.py --greater-is-better
    """
    from pbl.cli.progress import for_stderr
    from pbl.cli.show import tune as show

    how = options.choice(TableFormat, format, "--format")
    if greater and lower:
        raise UsageError("--greater-is-better and --lower-is-better contradict each other; give one of them")
    chosen = oof_options.select("tune", paths, truth)
    better = True if greater else False if lower else None
    question = oof_options.question(chosen, metric, average, common_rows=common_rows, greater=better)

    from pbl.domain.target_weights import by_pillar, by_target
    from pbl.project.edit_toml import check_writable, list_unjudged, write_weights
    from pbl.weights.from_files import tune_files

    settings = chosen.selection.settings
    if write:
        check_writable(settings, chosen.selection.names)
    with for_stderr() as progress, oof_options.prints_aside():
        found, report = tune_files(
            chosen,
            question,
            groups=options.words(groups, "--groups"),
            folds=options.path(folds, "--folds"),
            methods=options.words(method, "--method"),
            negative=negative,
            per_target=per_target,
            trust=trust or [],
            spill=options.temporary_folder(),
            progress=progress,
        )
    advice = found.advice
    written, dropped = None, dict[str, float | None]()
    if write and advice.weights is not None:
        shared = by_pillar(advice.weights)
        written = write_weights(settings, shared, advice.method or "mean", by_target(advice.weights))
        dropped = list_unjudged(settings, shared) if shared else {}
    show.print_tuning(
        found,
        report,
        written=written,
        dropped=dropped,
        next_=_next(chosen, found, paths or [], written),
        as_json=how is TableFormat.JSON,
    )
    if write and written is None:
        raise typer.Exit(1)


def _next(chosen: "OofSelection", found: "Tuning", paths: list[str], written: "Path | None") -> str:
    """Return the command to type next: to trust a suspect, to write the advice, or to blend by it."""
    from pbl.domain.target_weights import by_pillar, by_target

    settings, advice = chosen.selection.settings, found.advice
    if advice.weights is None:
        trusted = [word for each in found.suspicious for word in ("--trust", each.pillar)]
        return join(["pbl", *sys.argv[1:], *trusted])
    if written is not None:
        how = ["--per-target"] if by_target(advice.weights) else []
        return join(["pbl", "blend", *([] if str(written.parent) == "." else [str(written.parent)]), *how])
    if settings.pillars and set(found.pillars) <= {entry.name for entry in settings.pillars}:
        return join(["pbl", *sys.argv[1:], "--write"])
    if by_target(advice.weights):
        return "pbl init FOLDER; weights by target stand in its pbl.toml, where --write sets them"
    weights = ",".join(f"{name}={weight:.4g}" for name, weight in by_pillar(advice.weights).items() if weight)
    way = ["--method", advice.method] if advice.method not in {None, "mean"} else []
    folders = paths if len(paths) == 1 and "=" not in paths[0] and not paths[0].lower().endswith(".csv") else ["PATH"]
    return join(["pbl", "blend", *folders, "--weights", weights, *map(str, way)])
