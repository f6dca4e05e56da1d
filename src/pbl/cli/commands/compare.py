"""`pbl compare`: how the pillars' numbers differ.

`weights.compare` does the work, `weights.from_files` where there is a truth; `show.compare` prints the outcome.
"""

from typing import Annotated

import typer

from pbl.cli import oof_options, options
from pbl.cli.formats import TableFormat
from pbl.domain.errors import UsageError


def compare(
    ctx: typer.Context,
    paths: options.Paths = None,
    siglip: options.Siglip = None,
    dino: options.Dino = None,
    mvp: options.Mvp = None,
    dinov2: options.Dinov2 = None,
    pillars_dir: options.PillarsDir = None,
    truth: Annotated[
        str | None, typer.Option("--truth", metavar="FILE", help="The labels: compare and score out-of-fold files.")
    ] = None,
    metric: oof_options.Metric = None,
    top: Annotated[
        str, typer.Option("--top", metavar="N", help="Rows to list where the pillars disagree most.")
    ] = "10",
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="table|json", help="How to write the comparison.")
    ] = "table",
    threads: options.Threads = None,
    memory_limit: options.Memory = None,
    temp_dir: options.TempDir = None,
) -> None:
    """Compare the pillars' numbers.

    Shows how they are spread, which pillars are copies or linear functions of others, how alike their numbers and
    ranks are, where they disagree most, what the blend would be without each, and which constraints of pbl.toml are
    broken. PATH is a folder, a file or name=file; by default the pillars of pbl.toml are meant.

    Examples:
        pbl compare pillars/
        pbl compare pillars/ --truth pillars/train.csv --metric rmse
        pbl compare siglip=a.csv dino=b.csv --top 3 --format json
    """
    from pbl.cli.show import compare as show

    how = options.choice(TableFormat, format, "--format")
    rows = options.whole(top, "--top", least=0)
    limits = options.limits(threads, memory_limit, temp_dir)
    if truth is not None:
        if pillars_dir is not None:
            raise UsageError("--pillars-dir has predictions, and --truth is of out-of-fold files")
        named = {"siglip": siglip, "dino": dino, "mvp": mvp, "dinov2": dinov2}
        given = [f"{name}={file}" for name, file in named.items() if file is not None]
        oof = oof_options.select("compare", [*(paths or []), *given] or None, truth)
        question = oof_options.question(oof, metric, None, common_rows=False)

        from pbl.weights.from_files import compare_files

        with oof_options.prints_aside():
            judged, _ = compare_files(oof, question, top=rows, spill=options.temporary_folder(), limits=limits)
        show.comparison(judged, how)
        return
    if metric is not None:
        raise UsageError("--metric goes with --truth")
    chosen = options.selection(
        ctx, paths, template=None, pillars_dir=pillars_dir, siglip=siglip, dino=dino, mvp=mvp, dinov2=dinov2
    )
    options.tell_left(chosen)

    from pbl.blending.plan import plan_blend
    from pbl.cli.progress import for_stderr
    from pbl.weights.compare import compare as carry_out

    with for_stderr() as progress, options.cores(limits.threads):
        found = carry_out(
            plan_blend(chosen), spill=options.temporary_folder(), top=rows, limits=limits, progress=progress
        )
    show.comparison(found, how)
