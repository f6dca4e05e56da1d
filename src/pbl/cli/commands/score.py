"""`pbl score`: out-of-fold predictions against the truth.

`weights.from_files` does the work; `show.score` prints the outcome.
"""

from typing import Annotated

import typer

from pbl.cli import oof_options, options
from pbl.cli.formats import TableFormat


def score(
    paths: oof_options.Paths = None,
    truth: oof_options.Truth = None,
    metric: oof_options.Metric = None,
    average: oof_options.Average = None,
    weights: Annotated[
        list[str] | None,
        typer.Option("--weights", "-w", metavar="W...", help="Score the blend with these weights too."),
    ] = None,
    method: Annotated[
        str | None,
        typer.Option("--method", metavar="METHOD", help="mean (the default), rank, geometric, logit or median."),
    ] = None,
    common_rows: oof_options.CommonRows = False,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="table|json", help="How to write the scores.")
    ] = "table",
) -> None:
    """Score out-of-fold predictions against the truth.

    The files are checked as predictions are, and must have the truth's ids. Each file has its score, over all and
    within each target, beside that of predicting the means. Exit code 1: findings; 2: could not score.

    Examples:
        pbl score pillars/ --truth pillars/train.csv
        pbl score a.csv b.csv --truth train.csv --metric rmse --average targets
        pbl score pillars/ --truth train.csv --weights 0.6 0.2 0.1 0.1
        pbl score oof_*.csv --truth train.csv --metric metric.py
    """
    from pbl.cli.progress import for_stderr
    from pbl.cli.show import score as show
    from pbl.domain.weights import parse_weights

    how = options.choice(TableFormat, format, "--format")
    chosen = oof_options.select("score", paths, truth)
    question = oof_options.question(chosen, metric, average, common_rows=common_rows)
    given = parse_weights(weights or [], chosen.selection)

    from pbl.weights.from_files import score_files

    with for_stderr() as progress, oof_options.prints_aside():
        found, report = score_files(
            chosen, question, weights=given, method=method, spill=options.temporary_folder(), progress=progress
        )
    show.print_scores(found, report, left_out=chosen.left_out, as_json=how is TableFormat.JSON)
