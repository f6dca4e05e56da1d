"""`pbl report`: a page of a blend and its runs.

`reporting.report` does the work; `show.report_page` writes the outcome.
"""

from typing import TYPE_CHECKING, Annotated, cast

import typer

from pbl.cli import absent, oof_options, options
from pbl.cli.formats import PageFormat, ThemeChoice
from pbl.domain.errors import InputError, UsageError

if TYPE_CHECKING:
    from pbl.reporting.report import Form


def report(
    ctx: typer.Context,
    paths: options.Paths = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; default: report.html, - is stdout."),
    ] = None,
    weights: Annotated[
        list[str] | None, typer.Option("--weights", "-w", metavar="W...", help="Today's weights, as for blend.")
    ] = None,
    template: options.Template = None,
    truth: oof_options.Truth = None,
    metric: oof_options.Metric = None,
    groups: Annotated[
        list[str] | None,
        typer.Option("--groups", metavar="COL,COL", help="Truth columns; rows that agree in them stay together."),
    ] = None,
    logs: Annotated[
        str | None, typer.Option("--logs", metavar="DIR", help="Where the logs are; default: run_logs.")
    ] = None,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="html|svg|png|json", help="A page, a folder of pictures, or the numbers.")
    ] = "html",
    only: Annotated[
        list[str] | None, typer.Option("--only", metavar="S,S", help="These sections only, such as scores,history.")
    ] = None,
    theme: Annotated[
        str | None, typer.Option("--theme", metavar="light|dark", help="Default: the reader's; pictures: both.")
    ] = None,
    title: Annotated[str | None, typer.Option("--title", metavar="T", help="The page's title.")] = None,
    top: Annotated[
        str, typer.Option("--top", metavar="N", help="Rows to show where the pillars disagree most.")
    ] = "10",
    force: Annotated[bool, typer.Option("--force", help="Replace a file that pbl didn't write.")] = False,
    threads: options.Threads = None,
    memory_limit: options.Memory = None,
    temp_dir: options.TempDir = None,
) -> None:
    """Make one self-contained page of a blend and its runs.

    It says what validate, score, tune, compare and the run logs say, and needs no internet and no script. A section
    without its data is left out and named at the end, with what brings it. Exit code 1: findings, and the page has
    them; 2: nothing to report.

    Sections: verdict, blend, scores, folds, predictions, correlation, disagreements, clipping, leave_one_out,
    residuals, history, runs.

    Examples:
        pbl report pillars/ --truth pillars/train.csv
        pbl report pillars/ --only scores,history -o scores.html
        pbl report pillars/ --format svg --only predictions -o pictures
        pbl report --format json
    """
    from pbl.cli.show import report_page as show

    how = options.choice(PageFormat, format, "--format")
    shade = None if theme is None else options.choice(ThemeChoice, theme, "--theme")
    if output == "-" and how is not PageFormat.HTML:
        raise UsageError("--output - is for the page alone; --format json writes to stdout, pictures go into a folder")
    pictures = how not in {PageFormat.HTML, PageFormat.JSON}
    to = None if output == "-" else options.path(output, "--output") if pictures else options.file(output, "--output")
    rows = options.whole(top, "--top", least=1)
    limits = options.limits(threads, memory_limit, temp_dir)
    folder = options.path(logs, "--logs")
    if folder is not None and not folder.is_dir():
        raise InputError(f"{folder}: no such folder (--logs)")

    from pbl.domain.extras import require_extra

    absent.show("numpy")
    require_extra("report", "pbl report")
    if (metric or "").endswith(".py"):
        absent.show("pandas")

    from pbl._version import __version__
    from pbl.cli.progress import for_stderr
    from pbl.domain.weights import parse_weights
    from pbl.reporting.asking import ask
    from pbl.reporting.report import make_report
    from pbl.reporting.saving import refuse_page_name

    if to is not None and not pictures:
        refuse_page_name(to)
    given = weights or []
    asked, command = ask(
        lambda: options.selection(ctx, paths, template=template, pillars_dir=None, weights=given),
        paths or [],
        weights=lambda selection: parse_weights(given, selection),
        truth=options.path(truth, "--truth"),
        metric=metric,
        groups=options.words(groups, "--groups"),
        logs=folder,
        only=options.words(only, "--only"),
        top=rows,
        title=title or "",
        version=__version__,
        theme=shade,
    )
    with for_stderr() as progress, options.cores(limits.threads):
        with oof_options.prints_aside():
            made = make_report(asked, command, spill=options.temporary_folder(), limits=limits, progress=progress)
        look = cast("show.Theme | None", shade and shade.value)
        if output == "-":
            show.stream(made.html(look))
        else:
            default = None if how is PageFormat.JSON else "report.html" if how is PageFormat.HTML else "report"
            place = to or default
            kind = cast("Form", "html" if how is PageFormat.JSON else how.value)
            written = made.save(place, format=kind, theme=look, force=force) if place is not None else ()
            show.print_report_page(made, written, how, place, look)
    if not made.ok:
        raise typer.Exit(1)
