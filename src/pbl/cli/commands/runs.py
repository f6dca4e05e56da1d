"""`pbl runs`, and the commands below it: show, diff, best, import-scores, score.

`ledger` does the work; `show.runs`, `show.run` and `show.run_table` print the outcome.
"""

import gc
import sys
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from pbl.cli import options
from pbl.cli.boundary import Command, Commands
from pbl.cli.formats import By, ListFormat, OutcomeFormat, Sort
from pbl.domain.errors import InputError, PblError, UsageError

if TYPE_CHECKING:
    from pbl.domain.settings import MetricSettings
    from pbl.ledger.history import History

_LOGS = Path("run_logs")


runs = typer.Typer(name="runs", cls=Commands, rich_markup_mode=None)
Logs = Annotated[str | None, typer.Option("--logs", metavar="DIR", help="Where the logs are; default: run_logs.")]
AsTold = Annotated[str, typer.Option("--format", metavar="text|json", help="Text, or one JSON object.")]
Run = Annotated[
    str, typer.Argument(metavar="ID", help="A run's id or any part of it that is unique, its label, or last.")
]


@runs.callback(invoke_without_command=True)
def _runs(
    ctx: typer.Context,
    sort: Annotated[
        str, typer.Option("--sort", metavar="when|cv|public", help="The newest or the best comes first.")
    ] = "when",
    label: Annotated[
        str | None, typer.Option("--label", "-l", metavar="L", help="The runs of this label only.")
    ] = None,
    limit: Annotated[str | None, typer.Option("--limit", "-n", metavar="N", help="At most N runs.")] = None,
    columns: Annotated[
        str | None, typer.Option("--columns", metavar="A,B", help="Columns to show: id, cv, or any other of the logs.")
    ] = None,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="table|json|csv|md", help="How to write the list.")
    ] = "table",
    logs: Logs = None,
) -> None:
    """List the logged runs with their newest scores.

    All logs are read, old three-column ones too.

    The best scores of a metric are marked with *, if its name tells which way it goes, or --metric NAME:min of log-run
    or [metric] of pbl.toml says it. Whatever can't be read of a log, or looks wrong, is told.

    Examples:
        pbl runs --sort public --limit 10
        pbl runs --label baseline --format md --columns id,weights,cv,public
        pbl runs show 20261123-4f9a
        pbl runs diff 20261123-4f9a 20261124-k2
        kaggle competitions submissions COMPETITION --csv | pbl runs import-scores -
    """
    ctx.meta["pbl.logs"] = logs
    if ctx.invoked_subcommand is not None:
        return
    how, order = options.choice(ListFormat, format, "--format"), options.choice(Sort, sort, "--sort")
    most = None if limit is None else options.whole(limit, "--limit", least=1)

    from pbl.cli.show import run_table
    from pbl.cli.show import runs as show_runs
    from pbl.ledger.log_format import decode_typed
    from pbl.ledger.run_list import list_runs

    chosen = run_table.asked_columns(columns, default=run_table.FLAT if how is ListFormat.CSV else run_table.USUAL)
    if columns is not None and how is ListFormat.JSON:
        raise UsageError("--columns doesn't go with --format json, which has them all")
    label = None if label is None else decode_typed(label)
    gc.disable()  # looking for garbage in tens of thousands of rows takes longer than the rows
    found = list_runs(
        _folder(ctx, None), spill=options.temporary_folder(), label=label, order=order.value, metric=_metric()
    )
    show_runs.print_runs(found, how, chosen, limit=most, label=label)


@runs.command(cls=Command)
def show(ctx: typer.Context, run: Run, format: AsTold = "text", logs: Logs = None) -> None:  # noqa: A002 - the flag's name
    """Tell everything about one run.

    That includes whether its files are still there and unchanged.

    Examples:
        pbl runs show 20261123-4f9a1ck2
        pbl runs show last --format json
    """
    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON

    from pbl.cli.show import run as show_run
    from pbl.ledger.file_status import files_of

    history = _history(ctx, logs)
    found = history.find(run)
    files = [file for each in found for file in files_of(each.base.row, _folder(ctx, logs))]
    show_run.one(history, found, files, as_json=as_json)


@runs.command(cls=Command)
def diff(
    ctx: typer.Context,
    one: Annotated[
        str, typer.Argument(metavar="A", help="A run's id or any part of it that is unique, its label, or last.")
    ],
    other: Annotated[str, typer.Argument(metavar="B", help="Another one's.")],
    format: AsTold = "text",  # noqa: A002 - the flag's name
    logs: Logs = None,
) -> None:
    """Show what differs between two runs, and nothing else.

    Examples:
        pbl runs diff 20261123-4f9a1ck2 20261124-k2
    """
    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON

    from pbl.cli.show import run as show_run

    history = _history(ctx, logs)
    show_run.print_differences(history, history.find(one), history.find(other), as_json=as_json)


@runs.command(cls=Command)
def best(
    ctx: typer.Context,
    pillar: Annotated[str | None, typer.Option("--pillar", metavar="P", help="Runs of this pillar only.")] = None,
    label: Annotated[str | None, typer.Option("--label", "-l", metavar="L", help="Runs of this label only.")] = None,
    by: Annotated[str, typer.Option("--by", metavar="cv|full_cv|public|private", help="Which score counts.")] = "cv",
    greater: Annotated[
        bool | None,
        typer.Option(
            "--greater-is-better/--lower-is-better", help="If the metric's name doesn't tell which is better."
        ),
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE", help="Copy the run's submission here.")
    ] = None,
    search: Annotated[
        str | None, typer.Option("--search", metavar="DIR", help="Look here too for the submission, by its hash.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace another file at FILE.")] = False,
    format: AsTold = "text",  # noqa: A002 - the flag's name
    logs: Logs = None,
) -> None:
    """Name the logged run with the best score, imported scores included.

    Its submission is copied only if it still has the bytes that were logged.

    Examples:
        pbl runs best --pillar mvp --by public
        pbl runs best --pillar dino --search checkpoints -o submission_dino.csv
    """
    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON
    score = options.choice(By, by, "--by")
    if output == "-":
        raise UsageError("--output writes a file, and - is no name for one")
    to, place = options.file(output, "--output"), options.path(search, "--search")
    if to is None and (place is not None or force):
        raise UsageError(f"{'--search' if place is not None else '--force'} goes with --output")

    from dataclasses import replace

    from pbl.cli.show import run as show_run
    from pbl.ledger.best_run import copy_submission, find_best
    from pbl.ledger.log_format import decode_typed

    pillar, label = (None if each is None else decode_typed(each) for each in (pillar, label))
    folder = _folder(ctx, logs)
    history = _history(ctx, logs)
    found = find_best(history.runs, by=score.value, pillar=pillar, label=label, greater_is_better=greater)
    if to is not None:
        found = replace(found, output=copy_submission(found, folder, to, search=place, force=force))
    show_run.best(history, found, as_json=as_json)


@runs.command("import-scores", cls=Command)
def import_scores(
    ctx: typer.Context,
    file: Annotated[str, typer.Argument(metavar="FILE", help="What kaggle printed; - is stdin.")],
    format: AsTold = "text",  # noqa: A002 - the flag's name
    logs: Logs = None,
) -> None:
    """Import scores from Kaggle's list of submissions.

    They are appended to the runs that the submissions' descriptions name (pbl:ID). No row is rewritten, and importing
    twice changes nothing.

    Examples:
        kaggle competitions submissions COMPETITION --csv | pbl runs import-scores -
        pbl runs import-scores submissions.json
    """
    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON
    path = options.path(file, "FILE")

    from pbl.cli.show import run as show_run
    from pbl.ledger.import_scores import import_scores as deed
    from pbl.storage.files import read_bytes

    data = sys.stdin.buffer.read() if file == "-" else read_bytes(path or Path())
    done = deed(
        data,
        name="stdin" if file == "-" else file,
        logs=_folder(ctx, logs),
        now=datetime.now(UTC),
        spill=options.temporary_folder(),
    )
    show_run.print_import(done, "runs import-scores", as_json=as_json)


@runs.command(cls=Command)
def score(
    ctx: typer.Context,
    run: Run,
    public: Annotated[str | None, typer.Option("--public", metavar="X", help="Public leaderboard score.")] = None,
    private: Annotated[str | None, typer.Option("--private", metavar="X", help="Private leaderboard score.")] = None,
    format: AsTold = "text",  # noqa: A002 - the flag's name
    logs: Logs = None,
) -> None:
    """Give a run its leaderboard scores by hand.

    No row is rewritten; the newest value counts.

    Examples:
        pbl runs score 20261123-4f9a1ck2 --public 0.72 --private 0.69
    """
    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON

    from pbl.cli.show import run as show_run
    from pbl.ledger.import_scores import score_run

    done = score_run(
        run,
        public=options.real(public, "--public"),
        private=options.real(private, "--private"),
        logs=_folder(ctx, logs),
        now=datetime.now(UTC),
        spill=options.temporary_folder(),
    )
    show_run.print_import(done, "runs score", as_json=as_json)


def _folder(ctx: typer.Context, logs: str | None) -> Path:
    """Return the folder of the logs, given before or after the command's name; it must be there if it was given."""
    given: Any = logs if logs is not None else ctx.meta.get("pbl.logs")
    folder = options.path(given, "--logs")
    if folder is not None and not folder.is_dir():
        raise InputError(f"{folder}: no such folder (--logs)")
    return folder or _LOGS


def _history(ctx: typer.Context, logs: str | None) -> "History":
    from pbl.ledger.history import read_history

    return read_history(_folder(ctx, logs), spill=options.temporary_folder(), metric=_metric())


def _metric() -> "MetricSettings":
    """Return what the project's pbl.toml says of its metric; one that can't be read keeps no run from being listed."""
    from pbl.cli.show.stderr import write as talk
    from pbl.domain.settings import MetricSettings
    from pbl.domain.wording import safe
    from pbl.project.find_toml import find_settings

    try:
        return find_settings(Path()).metric
    except PblError as error:
        talk(f"warning {safe(str(error))}; its [metric] is not taken")
        return MetricSettings()
