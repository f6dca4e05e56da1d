"""`pbl init`."""

from pathlib import Path
from typing import Annotated

import typer

from pbl.cli import options


def init(
    folder: Annotated[
        str | None, typer.Argument(metavar="[FOLDER]", help="Where the files lie; default: here.")
    ] = None,
) -> None:
    """Write a commented pbl.toml for a folder.

    It names the prediction files that are there, with their weights. An existing one is never replaced.

    Examples:
        pbl init
        pbl init pillars/
    """
    from pbl.cli.show import results as show
    from pbl.project.init import init as deed

    path, selection = deed(options.path(folder, "FOLDER") or Path())
    for note in selection.notes:
        show.talk(f"note     {show.safe(note)}")
    if selection.not_read:
        show.talk(f"not read {', '.join(map(show.safe, selection.not_read))}")
    show.initialised(path, selection.names)
