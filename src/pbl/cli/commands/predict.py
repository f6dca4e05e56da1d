"""`pbl predict`: the predictions of a fitted pillar.

`training.predict` and `training.embedding.predict_images` do the work; `show.fit` prints the outcome.
"""

import os
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from pbl.cli import absent, options
from pbl.cli.formats import DeviceChoice, OutcomeFormat
from pbl.domain.errors import UsageError

if TYPE_CHECKING:
    from pbl.training.fitted import Fitted


def predict(
    fitted: Annotated[str, typer.Argument(metavar="FITTED", help="A fitted pillar: NAME.npz of pbl fit.")],
    features: Annotated[
        list[str] | None,
        typer.Argument(metavar="FEATURES|IMAGES", help="Files of features, as those fitted on, or a folder of images."),
    ] = None,
    template: options.Template = None,
    output: Annotated[
        str | None,
        typer.Option("--output", "-o", metavar="FILE", help="The CSV file to write; default: submission_NAME.csv."),
    ] = None,
    key: Annotated[
        str | None, typer.Option("--key", metavar="COL", help="The column of the features that names the sample.")
    ] = None,
    model: Annotated[
        str | None, typer.Option("--model", metavar="DIR", help="For images: the folder of the network fitted on.")
    ] = None,
    batch: Annotated[str, typer.Option("--batch", metavar="N", help="For images: how many at a time.")] = "16",
    device: Annotated[
        str, typer.Option("--device", metavar="auto|cpu|cuda|mps", help="For images: where to compute.")
    ] = "auto",
    force: Annotated[bool, typer.Option("--force", help="Replace a file with other predictions.")] = False,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="text|json", help="How to tell the outcome.")
    ] = "text",
) -> None:
    """Predict with a fitted pillar.

    The features must be of the kind fitted on; rows and order are the template's, which --template or pbl.toml names,
    else all samples by all targets. It needs numpy and polars alone, and writes the bytes that fit --test wrote. Images
    are embedded as those fitted on were, which needs the extra embed. Exit code 1: findings; 2: could not predict.

    Examples:
        pbl predict siglip.npz siglip_test.parquet --template sample_submission.csv
        pbl predict siglip.npz test.csv -o pillars/submission_siglip.csv
        pbl predict siglip.npz test_images/ --model siglip --template ids.csv
    """
    from pbl.cli.show import fit as show

    how = options.choice(OutcomeFormat, format, "--format")
    absent.show("numpy")
    from pbl.domain.extras import require_numpy

    require_numpy("pbl predict")
    paths = [path for text in features or [] if (path := options.path(text, "FEATURES"))]
    on_images = len(paths) == 1 and paths[0].is_dir()
    if not on_images and (model is not None or batch != "16" or device != "auto"):
        raise UsageError("--model, --batch and --device go with one folder of images")
    source = options.path(fitted, "FITTED") or Path()
    if not paths:
        raise UsageError("name the files of features, as those fitted on")
    to = options.file(output, "--output")
    rows = options.path(template, "--template")
    if rows is None:
        from pbl.project.pillar_files import settings_for

        settings, told = settings_for([(None, path) for path in (source, *paths)], Path())
        rows, more = options.own_template(settings)
        options.tell_notes([*told, *more])

    from pbl.training.fitted_file import read_fitted
    from pbl.training.outputs import refuse_name, write_submission
    from pbl.training.predict import predict as predict_rows

    if to is not None:
        refuse_name(to)
    pillar = read_fitted(source)
    if on_images:
        found = _on_images(pillar, source, paths[0], model, template=rows, batch=batch, device=device)
    else:
        found = predict_rows(pillar, source, paths, template=rows, key=key)
    data, count, notes = found
    inputs = [source, *paths, *([rows] if rows else [])]
    written = write_submission(to or Path(f"submission_{pillar.pillar}.csv"), data, inputs=inputs, force=force)
    show.print_prediction(pillar.pillar, count, written, notes, as_json=how is OutcomeFormat.JSON)


def _on_images(
    pillar: "Fitted",
    source: Path,
    images: Path,
    model: str | None,
    *,
    template: Path | None,
    batch: str,
    device: str,
) -> tuple[bytes, int, tuple[str, ...]]:
    from pbl.cli.progress import for_stderr
    from pbl.domain.extras import require_extra

    absent.show("pandas")
    require_extra("embed", "pbl predict on images")
    count, place = options.whole(batch, "--batch", least=1), options.choice(DeviceChoice, device, "--device")
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")

    from pbl.training.embedding.predict_images import predict_images

    with for_stderr() as progress:
        return predict_images(
            pillar,
            source,
            images,
            options.path(model, "--model"),
            template=template,
            batch=count,
            device=place.value,
            progress=progress,
        )
