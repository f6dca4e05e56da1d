"""What every command has in common: text parameters, weights in a row, and the boundary where errors become words."""

from __future__ import annotations

import itertools
import re
from types import MethodType
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperCommand, TyperGroup

if TYPE_CHECKING:
    from collections.abc import Sequence

_WEIGHT = r"([^=]+=)?[+-]?([0-9]+\.?[0-9]*|\.[0-9]+|[nN][aA][nN]|[iI][nN][fF])([eE][+-]?[0-9]+)?"
_WEIGHT_FLAGS = ("--weights", "-w")


class _Text:
    """What both kinds of command do with their parameters: leave them text, for pbl's own words to make values of.

    Typer's way of making them values loads pydantic, which takes longer than a blend, and lets nan and 1_000 pass.
    """

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Click's Context, of either kind
        """Return the parameters, --help among them."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc] # Click's Command comes after this class
        for param in params:
            param.process_value = MethodType(_as_given, param)
        return params


class Program(_Text, TyperGroup):
    """The program itself."""


class _Spoken(_Text):
    """What a command does, and a group that is one: help ends in examples, errors become words and exit codes."""

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        if kwargs.get("help"):
            text, _, examples = kwargs["help"].partition("Examples:")
            kwargs["help"] = text.rstrip()
            kwargs["epilog"] = "\b\nExamples:\n" + "\n".join(
                f"  {line.strip()}" for line in examples.strip().splitlines()
            )
        super().__init__(*args, **kwargs)

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Click's Context, of either kind
        """Take the arguments; a usage error is told as JSON too, where JSON was asked for."""
        ctx.meta["pbl.flags"] = [a.partition("=")[0] for a in args if a.startswith("--")]
        try:
            return cast("list[str]", super().parse_args(ctx, _each_weight(args)))  # type: ignore[misc] # as above
        except Exception as error:
            if hasattr(error, "format_message") and _wants_json(args):
                from pbl.cli.show import results as show

                show.failure_json(_called(ctx), cast("Any", error).format_message())
            raise

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Run the command; what a user can cause ends in one message and an exit code."""
        from pbl.cli.show import results as show
        from pbl.domain.errors import PblError

        try:
            return super().invoke(ctx)  # type: ignore[misc] # as above
        except PblError as error:
            show.failure(_called(ctx), error, json_too=ctx.params.get("format") == "json")
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError as error:
            show.close_quietly()
            raise typer.Exit(2) from error
        except OSError as error:
            show.failure(_called(ctx), PblError(_told(error)), json_too=False)
            if not error.filename:
                show.close_quietly()
            raise typer.Exit(2) from error


class Command(_Spoken, TyperCommand):
    """One command; weights may stand in a row."""


class Commands(_Spoken, TyperGroup):
    """A command that does something by itself, and has commands of its own."""


def _called(ctx: Any) -> str:  # noqa: ANN401 - as above
    """Return a command's name, with that of the command it belongs to."""
    return str(ctx.command_path).partition(" ")[2]


def _as_given(self: Any, ctx: Any, value: Any) -> Any:  # noqa: ANN401 - a method of Click's Parameter
    """Return the text as it was given: a list where several may be, None or an empty list where nothing was."""
    if self.nargs != 1 or self.multiple:
        value = list(value or ())
    option = self.param_type_name != "argument"
    if self.required and not value and not (option and value == ""):  # what is wrong with an empty one, the deed says
        ctx.fail(f"Missing option {self.opts[0]}." if option else f"Missing argument {self.metavar or self.name}.")
    return value if self.callback is None else self.callback(ctx, self, value)


def _each_weight(args: Sequence[str]) -> list[str]:
    """Write `--weights 0.6 0.4` as `--weights=0.6 --weights=0.4`; Click's options take one value each."""
    given: list[str] = []
    rest = list(args)
    while rest:
        word = rest.pop(0)
        if word == "--":
            return [*given, word, *rest]
        if word not in _WEIGHT_FLAGS or not rest:
            given.append(word)
            continue
        if rest[0].startswith("-") and not _are_weights(rest[0]):
            given.append("--weights=")
            continue
        given.append("--weights=" + rest.pop(0).rstrip(","))
        while rest and _are_weights(rest[0]):
            given.append("--weights=" + rest.pop(0).rstrip(","))
    return given


def _are_weights(word: str) -> bool:
    return all(re.fullmatch(_WEIGHT, part.strip()) for part in word.rstrip(",").split(","))


def _wants_json(args: Sequence[str]) -> bool:
    return "--format=json" in args or any(pair == ("--format", "json") for pair in itertools.pairwise(args))


def _told(error: OSError) -> str:
    """Say what an error is about; of what is opened here, the standard streams alone have no name."""
    return f"{error.filename or 'standard output'}: {error.strerror or error}"
