"""`pbl notebook`: the notebook that blends on Kaggle.

`kaggle.notebook` does the work; `show.notebook` prints the outcome.
"""

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
    pack: Annotated[
        str | None,
        typer.Option("--pack", metavar="DIR", help="Blend this pack only; default: whatever pack the dataset has."),
    ] = None,
    template: Annotated[
        str, typer.Option("--template", metavar="NAME", help="What the competition calls its sample submission.")
    ] = "sample_submission.csv",
    force: Annotated[
        bool, typer.Option("--force", help="Replace a file that pbl didn't write or that was edited.")
    ] = False,
    format: Annotated[  # noqa: A002 - the flag's name
        str, typer.Option("--format", metavar="text|json", help="Text, or one JSON object.")
    ] = "text",
) -> None:
    """Write the notebook that blends on Kaggle.

    It blends a packed dataset without internet and without training.

    `pbl pack` writes the same one. Here it is alone, for a dataset that is on Kaggle already. OWNER/SLUG and SLUG may
    be addresses, such as https://www.kaggle.com/datasets/ann/my-pillars.

    Examples:
        pbl notebook --dataset ann/my-pillars --competition csiro-biomass
        pbl notebook --dataset ann/mine --competition csiro-biomass --pack pack
    """
    from pbl.cli.show.notebook import tell_notebook, write_notebook
    from pbl.kaggle import names as rules
    from pbl.kaggle.notebook import Purpose, hash_kernel, hash_pack
    from pbl.kaggle.notebook import write_notebook as make_notebook

    as_json = options.choice(OutcomeFormat, format, "--format") is OutcomeFormat.JSON
    folder = options.path(pack, "--pack")
    made = make_notebook(
        options.path(output, "--output") or Path("inference.ipynb"),
        Purpose(
            dataset=rules.parse_dataset(dataset, "--dataset"),
            competition=rules.parse_competition(competition, "--competition"),
            template=rules.check_template_name(template, "--template"),
            pack="" if folder is None else hash_pack(folder),
            kernel="" if folder is None else hash_kernel(folder),
        ),
        force=force,
    )
    if as_json:
        write_notebook(made)
    else:
        tell_notebook(made)
