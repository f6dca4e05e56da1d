"""The boundary where errors become words and exit codes, the same for every command.

It stands between Typer and the functions in `commands`.
"""

from __future__ import annotations

import itertools
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

from pbl.cli.parameters import TextParameters, join_weights

if TYPE_CHECKING:
    from collections.abc import Sequence


class _Spoken(TextParameters):
    """What commands and groups have in common: help ends in examples, errors become words and exit codes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        if kwargs.get("help"):
            text, _, examples = kwargs["help"].partition("Examples:")
            kwargs["help"] = text.rstrip()
            kwargs["epilog"] = "\b\nExamples:\n" + "\n".join(
                f"  {line.strip()}" for line in examples.strip().splitlines()
            )
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Click's Context, of either kind
        """Parse the arguments; a usage error is also written as JSON if JSON was asked for."""
        ctx.meta["pbl.flags"] = [a.partition("=")[0] for a in args if a.startswith("--")]
        try:
            return cast("list[str]", super().parse_args(ctx, join_weights(args)))  # type: ignore[misc] # as in get_params
        except Exception as error:
            if hasattr(error, "format_message") and _wants_json(args):
                from pbl.cli.show.failure import write_failure

                write_failure(_command_name(ctx), cast("Any", error).format_message())
            raise

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Run the command; every error that a user can cause becomes one message and an exit code."""
        from pbl.cli.show import stdout
        from pbl.cli.show.failure import tell_failure
        from pbl.domain.errors import PblError

        try:
            return super().invoke(ctx)  # type: ignore[misc] # as above
        except PblError as error:
            tell_failure(_command_name(ctx), error, as_json=ctx.params.get("format") == "json")
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError as error:
            stdout.mute()
            raise typer.Exit(2) from error
        except OSError as error:
            tell_failure(_command_name(ctx), PblError(_describe(error)), as_json=False)
            if not error.filename:
                stdout.mute()
            raise typer.Exit(2) from error


class Command(_Spoken, TyperCommand):
    """One command; `--weights` may take several values."""


class Commands(_Spoken, TyperGroup):
    """A command that does something itself, and has subcommands."""


def _command_name(ctx: Any) -> str:  # noqa: ANN401 - as above
    """Return a command's name, with that of the command it belongs to."""
    return str(ctx.command_path).partition(" ")[2]


def _wants_json(args: Sequence[str]) -> bool:
    return "--format=json" in args or any(pair == ("--format", "json") for pair in itertools.pairwise(args))


def _describe(error: OSError) -> str:
    """Say what a system error is about; only the standard streams have no name."""
    return f"{error.filename or 'standard output'}: {error.strerror or error}"
