"""`pbl fit`: a pillar fitted on features.

`training.from_files` does the work; `show.fit` prints the outcome.
"""

import re
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, cast

import typer

from pbl.cli import absent, oof_options, options
from pbl.cli.formats import TableFormat, TaskChoice
from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from pbl.training.fitted import Task
    from pbl.training.from_files import Submission

_NAME = r"[A-Za-z0-9][A-Za-z0-9._-]{0,63}"


def fit(
    features: Annotated[
        list[str] | None, typer.Argument(metavar="FEATURES", help="Parquet or CSV, side by side; a row a sample.")
    ] = None,
    truth: oof_options.Truth = None,
    pillar: Annotated[
        str | None, typer.Option("--pillar", metavar="NAME", help="The pillar's name; default: the first file's.")
    ] = None,
    output: Annotated[str, typer.Option("--output", "-o", metavar="DIR", help="Where to write.")] = "pillars",
    groups: Annotated[
        list[str] | None,
        typer.Option("--groups", metavar="COL,COL", help="Truth columns; rows that agree in them stay together."),
    ] = None,
    folds: Annotated[
        str | None, typer.Option("--folds", metavar="FILE", help="The fold of each id or sample: sample_id,fold.")
    ] = None,
    k: Annotated[str, typer.Option("--k", metavar="K", help="Folds of whole groups.")] = "5",
    metric: oof_options.Metric = None,
    average: oof_options.Average = None,
    learners: Annotated[
        list[str] | None,
        typer.Option(
            "--learners", metavar="L,L", help="Of ridge, pls, logistic, svr, extra_trees; default: the task's."
        ),
    ] = None,
    task: Annotated[
        str,
        typer.Option("--task", metavar="TASK", help="auto, regression, binary or multiclass."),
    ] = "auto",
    test: Annotated[
        list[str] | None, typer.Option("--test", metavar="FEATURES", help="Predict these too; may be repeated.")
    ] = None,
    template: options.Template = None,
    seed: Annotated[str, typer.Option("--seed", metavar="N", help="The seed of the trees.")] = "0",
    key: Annotated[
        str | None, typer.Option("--key", metavar="COL", help="The column of the features that names the sample.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace files that pbl didn't write.")] = False,
    threads: Annotated[str, typer.Option("--threads", metavar="N", help="Threads of the linear algebra.")] = "1",
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="table|json", help="How to write the scores.")
    ] = "table",
) -> None:
    """Fit a pillar on features, and predict out of fold.

    Several learners and their stack; every score is of rows that were not fitted on. Writes NAME.npz, oof_NAME.csv and
    scores_NAME.csv, and with --test submission_NAME.csv in the rows of --template or of pbl.toml's template. Exit code
    1: findings; 2: could not fit.

    Examples:
        pbl fit siglip.parquet --truth train.csv
        pbl fit siglip.parquet sizes.csv --truth train.csv --groups State
        pbl fit siglip.parquet --truth train.csv --test t.parquet --template ids.csv
        pbl log-run --scores pillars/scores_siglip.csv --label siglip
    """
    from pbl.cli.progress import for_stderr
    from pbl.cli.show import fit as show
    from pbl.domain.extras import require_extra
    from pbl.project.oof_files import select_truth

    how = options.choice(TableFormat, format, "--format")
    wanted = options.choice(TaskChoice, task, "--task")
    absent.show("numpy")
    require_extra("train", "pbl fit")
    paths = _files(features, "FEATURES")
    if not paths:
        raise UsageError("name a file of features, or several")
    name = paths[0].stem if pillar is None else pillar
    if not re.fullmatch(_NAME, name):
        raise UsageError(f"the pillar's name {name!r} must be letters, digits, '.', '_' and '-': give another --pillar")
    chosen = select_truth(options.path(truth, "--truth"))
    question = oof_options.question(chosen, metric, average, common_rows=False)
    number, count = options.whole(seed, "--seed", least=0), options.whole(threads, "--threads", least=1)
    rows, told = options.path(template, "--template"), list[str]()
    if test and rows is None:
        rows, told = options.own_template(chosen.selection.settings)
    submission = _submission(_files(test, "--test"), rows)

    from pbl.training.from_files import Apart, fit_files
    from pbl.training.outputs import write_files

    apart = Apart(
        groups=tuple(options.words(groups, "--groups")),
        folds=options.path(folds, "--folds"),
        k=options.whole(k, "--k", least=2),
    )
    with for_stderr() as progress, oof_options.prints_aside():
        found, files, notes = fit_files(
            paths,
            chosen,
            question,
            pillar=name,
            apart=apart,
            test=submission,
            task=None if wanted is TaskChoice.AUTO else cast("Task", str(wanted)),
            learners=options.words(learners, "--learners"),
            seed=number,
            key=key,
            threads=count,
            spill=options.temporary_folder(),
            progress=progress,
        )
    folder = options.path(output, "--output") or Path()
    inputs = [*paths, chosen.truth, *((*submission.features, submission.template) if submission else ())]
    written = write_files(folder, files, inputs=inputs, force=force)
    left = folder / f"submission_{name}.csv"
    if left.name not in files and left.exists():
        notes = (
            *notes,
            f"{left} is of an earlier fit: predict anew with pbl predict {folder / f'{name}.npz'} FEATURES",
        )
    show.print_fit(found, written, (*chosen.selection.notes, *told, *notes), as_json=how is TableFormat.JSON)


def _files(texts: list[str] | None, flag: str) -> list[Path]:
    return [path for text in texts or [] if (path := options.path(text, flag))]


def _submission(test: list[Path], template: Path | None) -> "Submission | None":
    """Return what to predict at once; raise UsageError for one without the other."""
    from pbl.training.from_files import Submission

    if bool(test) is not (template is not None):
        raise UsageError("--test and --template belong together: the features to predict, and the rows to write")
    return None if template is None else Submission(features=tuple(test), template=template)
