"""`pbl predict`."""

from pathlib import Path
from typing import Annotated

import typer

from pbl.cli import absent, options
from pbl.cli.formats import OutcomeFormat
from pbl.domain.errors import UsageError


def predict(
    fitted: Annotated[str, typer.Argument(metavar="FITTED", help="A fitted pillar: NAME.npz of pbl fit.")],
    features: Annotated[
        list[str] | None, typer.Argument(metavar="FEATURES", help="Files of features, as those fitted on.")
    ] = None,
    template: options.Template = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="Where to write; default: submission_NAME.csv."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="COL", help="The column of the features that names the sample.")
    ] = None,
    force: Annotated[bool, typer.Option("--force", help="Replace a file with other predictions.")] = False,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="text|json", help="How to tell the outcome.")
    ] = "text",
) -> None:
    """Predict with a fitted pillar.

    The features must be those fitted on; rows and order are the template's, else all samples by all targets. It needs
    numpy and polars alone, and writes the bytes that fit --test wrote. Exit code 1: findings; 2: could not predict.

    Examples:
        pbl predict pillars/siglip.npz siglip_test.parquet --template sample_submission.csv
        pbl predict siglip.npz test.csv -o pillars/submission_siglip.csv
    """
    from pbl.cli.show import fit as show

    how = options.choice(OutcomeFormat, format, "--format")
    absent.show("numpy")
    from pbl.domain.extras import require_numpy

    require_numpy("pbl predict")
    paths = [path for text in features or [] if (path := options.path(text, "FEATURES"))]
    source = options.path(fitted, "FITTED") or Path()
    if not paths:
        raise UsageError("name the files of features, as those fitted on")
    to = options.path(output, "--output")
    rows = options.path(template, "--template")

    from pbl.training.fitted_file import read_fitted
    from pbl.training.outputs import write_submission
    from pbl.training.predict import predict as predict_rows

    pillar = read_fitted(source)
    data, count, notes = predict_rows(pillar, source, paths, template=rows, key=key)
    inputs = [source, *paths, *([rows] if rows else [])]
    written = write_submission(to or Path(f"submission_{pillar.pillar}.csv"), data, inputs=inputs, force=force)
    show.predicted(pillar.pillar, count, written, notes, as_json=how is OutcomeFormat.JSON)
