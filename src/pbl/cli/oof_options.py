"""The options that commands on out-of-fold files share, and what their text means.

`score`, `tune`, `compare`, `report` and `fit` take them.
"""

import sys
from contextlib import AbstractContextManager, redirect_stdout
from typing import TYPE_CHECKING, Annotated, Literal, cast

import typer

from pbl.cli import absent, options
from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from pbl.project.oof_files import OofSelection
    from pbl.weights.from_files import Question

Paths = Annotated[
    list[str] | None,
    typer.Argument(metavar="PATH", help="Folders of oof_*.csv, files or name=file; default: those of pbl.toml."),
]
Truth = Annotated[
    str | None, typer.Option("--truth", metavar="FILE", help="The labels; default: truth of [metric] in pbl.toml.")
]
Metric = Annotated[
    str | None,
    typer.Option(
        "--metric",
        metavar="M",
        help="r2, rmse, auc, ..., or a file metric.py; default: r2, or csiro-biomass by target names.",
    ),
]
Average = Annotated[
    str | None,
    typer.Option("--average", metavar="rows|targets", help="Over all rows at once, or the mean over target names."),
]
CommonRows = Annotated[bool, typer.Option("--common-rows", help="Take the rows that the truth and all files have.")]


def select(command: str, paths: list[str] | None, truth: str | None) -> "OofSelection":
    """Return the out-of-fold files that the arguments mean; raise UsageError if the extra `tune` is missing."""
    from pbl.cli.show import stderr
    from pbl.domain.extras import require_extra
    from pbl.domain.wording import safe
    from pbl.project.oof_files import select_oof

    absent.show("numpy")
    require_extra("tune", f"pbl {command}")
    if "" in (paths or []):
        raise UsageError("a path is empty; is a shell variable unset?")
    chosen = select_oof(paths or [], truth=options.path(truth, "--truth"))
    for note in chosen.selection.notes:
        stderr.write(f"note     {safe(note)}")
    return chosen


def question(
    chosen: "OofSelection",
    metric: str | None,
    average: str | None,
    *,
    common_rows: bool,
    greater: bool | None = None,
) -> "Question":
    """Return how to judge; for a metric file, pandas is shown again."""
    if average not in {None, "rows", "targets"}:
        raise UsageError(f"--average: {average!r} is not one of rows, targets")
    if (metric or chosen.selection.settings.metric.name or "").endswith(".py"):
        absent.show("pandas")
    from pbl.weights.from_files import Question

    return Question(
        metric=metric,
        average=cast("Literal['rows', 'targets'] | None", average),
        greater_is_better=greater,
        common_rows=common_rows,
    )


def prints_aside() -> AbstractContextManager[object]:
    """Send the prints of a metric file to stderr, as stdout is data."""
    return redirect_stdout(sys.stderr)
