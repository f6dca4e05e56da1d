"""`pbl embed`: the features of images, by a frozen network.

`training.embedding.embed` does the work; `show.embed` prints the outcome.
"""

import os
from pathlib import Path
from typing import Annotated, cast

import typer

from pbl.cli import absent, options
from pbl.cli.formats import DeviceChoice, DtypeChoice, FlipsChoice, OutcomeFormat
from pbl.domain.errors import UsageError


def embed(
    images: Annotated[str, typer.Argument(metavar="IMAGES", help="A folder of images; those below it count too.")],
    model: Annotated[
        str | None, typer.Option("--model", metavar="DIR", help="A Hugging Face folder; nothing is downloaded.")
    ] = None,
    output: Annotated[
        str | None, typer.Option("--output", "-o", metavar="FILE.parquet", help="The features file to write.")
    ] = None,
    tile: Annotated[
        str | None, typer.Option("--tile", metavar="N", help="Cut into tiles of N pixels; their vectors are averaged.")
    ] = None,
    overlap: Annotated[str, typer.Option("--overlap", metavar="N", help="Pixels that tiles share.")] = "0",
    flips: Annotated[
        str, typer.Option("--flips", metavar="none|h|v|hv", help="Average over flipped copies too.")
    ] = "none",
    batch: Annotated[str, typer.Option("--batch", metavar="N", help="Images at a time.")] = "16",
    device: Annotated[str, typer.Option("--device", metavar="auto|cpu|cuda|mps", help="Where to compute.")] = "auto",
    dtype: Annotated[
        str, typer.Option("--dtype", metavar="float32|float16|bfloat16", help="The network's numbers.")
    ] = "float32",
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="text|json", help="How to tell the outcome.")
    ] = "text",
) -> None:
    """Turn images into features by a frozen network.

    The network is SigLIP, CLIP, DINOv2, DINOv3 or ViT. A sample is an image's name without its suffix. What was
    embedded is kept: after an interrupt the same command goes on from there, and images that are there already are
    not embedded again. Exit code 1: findings; 2: could not embed.

    Examples:
        pbl embed train --model siglip -o siglip.parquet
        pbl embed train --model dinov2 -o dinov2.parquet --tile 512 --overlap 64
    """
    from pbl.cli.progress import for_stderr
    from pbl.cli.show import embed as show
    from pbl.domain.extras import require_extra

    how = options.choice(OutcomeFormat, format, "--format")
    absent.show("numpy", "pandas")
    require_extra("embed", "pbl embed")
    if model is None:
        raise UsageError("name the model's folder with --model")
    to = options.file(output, "--output")
    if to is None:
        raise UsageError("name the features file to write with -o FILE.parquet")
    os.environ.update(HF_HUB_OFFLINE="1", TRANSFORMERS_OFFLINE="1")

    from pbl.training.embedding.embed import How
    from pbl.training.embedding.embed import embed as deed

    wanted = How(
        tile=None if tile is None else options.whole(tile, "--tile", least=1),
        overlap=options.whole(overlap, "--overlap", least=0),
        flips=options.choice(FlipsChoice, flips, "--flips").value,
        dtype=options.choice(DtypeChoice, dtype, "--dtype").value,
        batch=options.whole(batch, "--batch", least=1),
        device=options.choice(DeviceChoice, device, "--device").value,
    )
    folder, network = (
        cast("Path", options.path(text, flag)) for text, flag in ((images, "IMAGES"), (model, "--model"))
    )
    with for_stderr() as progress:
        found = deed(folder, network, to, wanted, progress=progress)
    show.print_embedding(found, as_json=how is OutcomeFormat.JSON)
