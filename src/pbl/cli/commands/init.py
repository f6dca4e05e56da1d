"""`pbl init`: a `pbl.toml` for the files that are there.

`project.init` does the work; `show.init` prints the outcome.
"""

from pathlib import Path
from typing import Annotated

import typer

from pbl.cli import options


def init(
    folder: Annotated[str | None, typer.Argument(metavar="FOLDER", help="Where the files lie; default: here.")] = None,
    template: options.Template = None,
) -> None:
    """Write a commented pbl.toml for a folder.

    It names the prediction files that are there, with their weights; what has none of the template's prediction columns
    is set aside. An existing one is never replaced.

    Examples:
        pbl init
        pbl init pillars/
        pbl init pillars/ --template pillars/sample_submission_v2.csv
    """
    from pbl.cli.show.init import tell_init
    from pbl.project.init import init as write_toml

    sample = options.path(template, "--template")
    path, selection = write_toml(options.path(folder, "FOLDER") or Path(), template=sample)
    tell_init(path, selection)
