"""The commands of `pbl`, put together."""

from typing import Annotated

import typer

from pbl.cli.boundary import Command, Program
from pbl.cli.commands.blend import blend
from pbl.cli.commands.compare import compare
from pbl.cli.commands.embed import embed
from pbl.cli.commands.fit import fit
from pbl.cli.commands.init import init
from pbl.cli.commands.log_run import log_run
from pbl.cli.commands.notebook import notebook
from pbl.cli.commands.pack import pack
from pbl.cli.commands.predict import predict
from pbl.cli.commands.report import report
from pbl.cli.commands.runs import runs
from pbl.cli.commands.score import score
from pbl.cli.commands.tune import tune
from pbl.cli.commands.validate import validate

app = typer.Typer(
    name="pbl",
    cls=Program,
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


app.command(cls=Command)(validate)
app.command(cls=Command)(blend)
app.command(cls=Command)(score)
app.command(cls=Command)(tune)
app.command(cls=Command)(compare)
app.command(cls=Command)(report)
app.command(cls=Command)(embed)
app.command(cls=Command)(fit)
app.command(cls=Command)(predict)
app.command(cls=Command)(log_run)
app.add_typer(runs)
app.command(cls=Command)(init)
app.command(cls=Command)(pack)
app.command(cls=Command)(notebook)
