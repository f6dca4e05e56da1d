"""`pbl validate`: a report of prediction files.

`checks.validate` does the work; `show.report` prints the outcome.
"""

from typing import Annotated

import typer

from pbl.cli import options
from pbl.cli.formats import FailOn
from pbl.cli.show.report import ReportFormat
from pbl.domain.errors import UsageError


def validate(
    ctx: typer.Context,
    paths: options.Paths = None,
    siglip: options.Siglip = None,
    dino: options.Dino = None,
    mvp: options.Mvp = None,
    dinov2: options.Dinov2 = None,
    template: options.Template = None,
    pillars_dir: options.PillarsDir = None,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="|".join(ReportFormat), help="How to write the report.")
    ] = "table",
    select: Annotated[
        list[str] | None, typer.Option("--select", metavar="CODES", help="Report these only: PBL502, PBL5, nan.")
    ] = None,
    ignore: Annotated[list[str] | None, typer.Option("--ignore", metavar="CODES", help="Leave these out.")] = None,
    fail_on: Annotated[
        str, typer.Option("--fail-on", metavar="error|warning", help="What makes the exit code 1.")
    ] = "error",
    max_examples: Annotated[
        str, typer.Option("--max-examples", metavar="N", help="Rows to show for each finding.")
    ] = "5",
    failures: Annotated[
        str | None, typer.Option("--failures", metavar="FILE", help="Write every offending row to this CSV.")
    ] = None,
    force: Annotated[
        bool, typer.Option("--force", help="With --failures: replace a file that pbl didn't write.")
    ] = False,
    threads: options.Threads = None,
    memory_limit: options.Memory = None,
    temp_dir: options.TempDir = None,
) -> None:
    """Check prediction files, and report every problem.

    Each file is checked by itself (columns, ids, numbers, bounds), then against the others and the template. As in a
    spreadsheet, a CSV's header is row 1; the first row of a Parquet file, or of a part, is row 1. Exit code 0: fine; 1:
    findings; 2: could not check.

    Examples:
        pbl validate pillars/
        pbl validate siglip=a.csv mvp=parts/ --template sample_submission.csv
        pbl validate pillars/ --format github --fail-on warning
        pbl validate pillars/ --ignore PBL604 --failures bad_rows.csv
    """
    from pbl.cli.show import stderr
    from pbl.cli.show.report import print_report
    from pbl.domain.rules import Severity
    from pbl.domain.wording import plural, safe

    how = options.choice(ReportFormat, format, "--format")
    severity = Severity(options.choice(FailOn, fail_on, "--fail-on"))
    shown = options.whole(max_examples, "--max-examples", least=0)
    wanted, unwanted = options.codes(select or []), options.codes(ignore or [])
    kept = options.file(failures, "--failures")
    if force and kept is None:
        raise UsageError("--force goes with --failures")
    if failures == "-":
        raise UsageError("--failures writes a file, and - is no name for one; --format json is for stdout")
    chosen = options.selection(
        ctx, paths, template=template, pillars_dir=pillars_dir, siglip=siglip, dino=dino, mvp=mvp, dinov2=dinov2
    )
    limits = options.limits(threads, memory_limit, temp_dir)

    from pbl.checks.failures import protect_failures, write_failures
    from pbl.checks.validate import trim
    from pbl.checks.validate import validate as check
    from pbl.cli.progress import for_stderr

    if kept is not None:
        protect_failures(kept, chosen, force=force)
    every, rows = shown if kept is None else None, 0
    with for_stderr() as progress, options.cores(limits.threads):
        found = check(chosen, spill=options.temporary_folder(), limits=limits, max_examples=every, progress=progress)
    found = found.select_findings(select=wanted, ignore=unwanted, fail_on=severity)
    if kept is not None:
        rows = write_failures(found, kept, chosen, force=force)
    report = trim(found, shown)
    print_report(report, how)
    if kept is not None:
        stderr.write(f"written  {safe(str(kept))}, {plural(rows, 'row')}")
    raise typer.Exit(0 if report.ok else 1)
