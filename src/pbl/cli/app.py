"""The program: its commands by name, each imported when it is run.

Between `__main__` and the modules in `commands`. `pbl --help` needs the names and one line each, not fifteen modules.
"""

import importlib
from typing import Annotated, Any

import typer
from typer.core import TyperGroup
from typer.main import get_command

from pbl.cli.boundary import Command
from pbl.cli.parameters import TextParameters

COMMANDS = {
    "validate": "Check prediction files, and report every problem.",
    "blend": "Blend checked files into one submission.",
    "score": "Score out-of-fold predictions against the truth.",
    "tune": "Find the weights that out-of-fold predictions support.",
    "compare": "Compare the pillars' numbers.",
    "report": "Make one self-contained page of a blend and its runs.",
    "embed": "Turn images into features by a frozen network.",
    "fit": "Fit a pillar on features, and predict out of fold.",
    "predict": "Predict with a fitted pillar.",
    "log-run": "Log a run, with its weights, hashes and scores.",
    "runs": "List the logged runs with their newest scores.",
    "init": "Write a commented pbl.toml for a folder.",
    "pack": "Pack checked files for Kaggle.",
    "notebook": "Write the notebook that blends on Kaggle.",
}
"""The first line of each command's help."""


def load_command(name: str) -> Any:  # noqa: ANN401 - Click's Command, of either kind
    """Import a command, and return it as Typer builds it."""
    word = name.replace("-", "_")
    found = getattr(importlib.import_module(f"pbl.cli.commands.{word}"), word)
    if isinstance(found, typer.Typer):
        return get_command(found)
    alone = typer.Typer(add_completion=False, rich_markup_mode=None, pretty_exceptions_enable=False)
    alone.command(name, cls=Command)(found)
    return get_command(alone)


class _Program(TextParameters, TyperGroup):
    """The group of all commands: until one is run, each is a name and a line of help."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        entries: dict[str, Any] = {name: Command(name, help=line) for name, line in COMMANDS.items()}
        super().__init__(*args, **{**kwargs, "commands": entries})

    def resolve_command(self, ctx: Any, args: list[str]) -> tuple[str | None, Any, list[str]]:  # noqa: ANN401 - as above
        """Find the command that the arguments begin with, and load it."""
        name, entry, rest = super().resolve_command(ctx, args)
        return name, load_command(name) if name else entry, rest


app = typer.Typer(
    name="pbl",
    cls=_Program,
    no_args_is_help=True,
    rich_markup_mode=None,
    pretty_exceptions_enable=False,
    context_settings={"help_option_names": ["-h", "--help"], "max_content_width": 100},
)


def _version(value: bool) -> None:
    if value:
        from pbl._version import __version__

        typer.echo(f"pbl {__version__}")
        raise typer.Exit


@app.callback()
def _pbl(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Show the version.")
    ] = False,
) -> None:
    """Check the prediction files of several models, blend them into one submission, and keep the record."""
