"""`pbl notebook`."""

from pathlib import Path
from typing import Annotated

import typer

from pbl.cli import options
from pbl.cli.commands.pack import Competition, Dataset
from pbl.cli.formats import OutcomeFormat


def notebook(
    dataset: Dataset,
    competition: Competition,
    output: Annotated[
        str, typer.Option("--output", "-o", metavar="FILE", help="The notebook to write.")
    ] = "inference.ipynb",
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that pbl didn't write, or was edited.")
    ] = False,
    format: Annotated[str, typer.Option("--format", metavar="text|json", help="How to tell the outcome.")] = "text",  # noqa: A002 - the flag's name
) -> None:
    """Write the notebook that blends on Kaggle.

    It blends a packed dataset without internet and without training.

    `pbl pack` writes the same one; here it is alone, for a dataset that is on Kaggle already.

    Examples:
        pbl notebook --dataset ann/my-pillars --competition csiro-biomass
        pbl notebook -o inference.ipynb --dataset ann/my-pillars --competition csiro-biomass --force
    """
    from pbl.cli.show import results as show
    from pbl.kaggle.names import parse_competition, parse_ref
    from pbl.kaggle.notebook import write_notebook

    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON
    made = write_notebook(
        options.path(output, "--output") or Path("inference.ipynb"),
        parse_ref(dataset, "--dataset"),
        parse_competition(competition, "--competition"),
        force=force,
    )
    if as_json:
        show.noted_json(made)
    else:
        show.noted(made)
