"""`pbl log-run`: a run becomes a row of a log.

`ledger.log_run` does the work; `show.run` prints the outcome.
"""

import os
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer

from pbl.cli import options
from pbl.cli.formats import OutcomeFormat


def log_run(
    submission: Annotated[
        str | None,
        typer.Argument(
            metavar="SUBMISSION",
            help="Default: submission.csv, if it is there and neither --scores nor --pillar is given.",
        ),
    ] = None,
    label: Annotated[str, typer.Option("--label", "-l", metavar="LABEL", help="Names the log.")] = ...,  # type: ignore[assignment] # required
    cv: Annotated[str | None, typer.Option("--cv", metavar="X", help="Cross-validation score.")] = None,
    full_cv: Annotated[str | None, typer.Option("--full-cv", metavar="X", help="Score over all folds at once.")] = None,
    public: Annotated[str | None, typer.Option("--public", metavar="X", help="Public leaderboard score.")] = None,
    private: Annotated[str | None, typer.Option("--private", metavar="X", help="Private leaderboard score.")] = None,
    metric: Annotated[
        str,
        typer.Option(
            "--metric", metavar="M", help="Which metric the scores are of; M:max or M:min says which is better."
        ),
    ] = "",
    notes: Annotated[str, typer.Option("--notes", metavar="TEXT", help="Whatever you want to remember.")] = "",
    pillar: Annotated[str | None, typer.Option("--pillar", metavar="P", help="Log a pillar; with --model.")] = None,
    model: Annotated[str | None, typer.Option("--model", metavar="M", help="The pillar's model.")] = None,
    scores: Annotated[
        str | None,
        typer.Option("--scores", metavar="FILE", help="Copy the rows of a table pillar,model,processed_cv[,full_cv]."),
    ] = None,
    logs: Annotated[str, typer.Option("--logs", metavar="DIR", help="Where the logs are.")] = "run_logs",
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="text|json", help="Text, or one JSON object.")
    ] = "text",
) -> None:
    """Log a run, with its weights, hashes and scores.

    It goes to run_logs/scores_YYYY-MM-DD_LABEL.csv: what was made from what, and how it scored.

    A submission that pbl blended fills its row from the recipe beside it; one that was edited since is refused.

    Examples:
        pbl log-run submission.csv --label baseline --cv 0.787
        pbl log-run --label siglip-v2 --pillar siglip --model cat --cv 0.787076
        pbl log-run --label siglip-v2 --scores siglip_scores.csv --metric r2
        pbl log-run submission.csv --label ours --cv 0.31 --metric our_error:min
    """
    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON
    named = options.path(submission, "SUBMISSION")
    if named is None and pillar is None and scores is None and Path("submission.csv").exists():
        named = Path("submission.csv")
    kept, folder = options.path(scores, "--scores"), options.path(logs, "--logs") or Path("run_logs")

    from pbl._version import __version__
    from pbl.cli.show import run as show_run
    from pbl.ledger.log_run import Scores, Surroundings
    from pbl.ledger.log_run import log_run as deed

    given = Scores(
        cv=options.real(cv, "--cv"),
        full_cv=options.real(full_cv, "--full-cv"),
        public=options.real(public, "--public"),
        private=options.real(private, "--private"),
    )
    done = deed(
        named,
        label=label,
        logs=folder,
        surroundings=Surroundings.of(os.environ, now=datetime.now(UTC), version=__version__),
        scores=given,
        metric=metric,
        notes=notes,
        pillar=pillar,
        model=model,
        table=kept,
    )
    if as_json:
        show_run.print_run_json(done)
    else:
        show_run.print_run(done)
