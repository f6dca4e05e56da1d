"""What every command has in common: text parameters, weights in a row, and the boundary where errors become words."""

from __future__ import annotations

import itertools
import re
from types import MethodType
from typing import TYPE_CHECKING, Any, cast

import typer
from typer.core import TyperCommand

from pbl.errors import PblError

if TYPE_CHECKING:
    from collections.abc import Sequence

_WEIGHT = re.compile(r"([^=]+=)?[+-]?([0-9]+\.?[0-9]*|\.[0-9]+|nan|inf)([eE][+-]?[0-9]+)?", re.IGNORECASE)
_WEIGHT_FLAGS = ("--weights", "-w")


class Command(TyperCommand):
    """A command whose parameters are text, turned into values by pbl's own words.

    Typer's way of turning them loads pydantic, which takes longer than a blend, and accepts nan and 1_000 as numbers.
    """

    def __init__(self, *args: Any, **kwargs: Any) -> None:  # noqa: ANN401 - handed on
        if kwargs.get("help"):
            text, _, examples = kwargs["help"].partition("Examples:")
            kwargs["help"] = text.rstrip()
            kwargs["epilog"] = "\b\nExamples:\n" + "\n".join(
                f"  {line.strip()}" for line in examples.strip().splitlines()
            )
        super().__init__(*args, **kwargs)
        for param in self.params:
            if param.callback is None:
                param.process_value = MethodType(_as_given, param)  # type: ignore[method-assign] # see the class

    def parse_args(self, ctx: Any, args: list[str]) -> list[str]:  # noqa: ANN401 - Click's Context, of either kind
        """Take the arguments; a usage error is told as JSON too, where JSON was asked for."""
        ctx.meta["pbl.flags"] = [a.partition("=")[0] for a in args if a.startswith("--")]
        try:
            return super().parse_args(ctx, _each_weight(args))
        except Exception as error:
            if hasattr(error, "format_message") and _wants_json(args):
                from pbl.cli import show

                show.failure_json(self.name or "", cast("Any", error).format_message())
            raise

    def invoke(self, ctx: Any) -> Any:  # noqa: ANN401 - as above
        """Run the command; what a user can cause ends in one message and an exit code."""
        from pbl.cli import show

        try:
            return super().invoke(ctx)
        except PblError as error:
            show.failure(self.name or "", error, json_too=ctx.params.get("format") == "json")
            raise typer.Exit(error.exit_code) from error
        except BrokenPipeError as error:
            show.close_quietly()
            raise typer.Exit(2) from error
        except OSError as error:
            show.failure(self.name or "", PblError(_told(error)), json_too=False)
            raise typer.Exit(2) from error


def _as_given(self: Any, ctx: Any, value: Any) -> Any:  # noqa: ANN401 - a method of Click's Parameter
    """Return the text as it was given: a list where several may be, None or an empty list where nothing was."""
    if self.nargs != 1 or self.multiple:
        value = list(value or ())
    if self.required and not value:
        message = (
            f"Missing {'argument' if self.param_type_name == 'argument' else 'option'} {self.get_error_hint(ctx)}."
        )
        ctx.fail(message)
    return value


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
        given.append(f"--weights={rest.pop(0)}")
        while rest and all(_WEIGHT.fullmatch(part.strip()) for part in rest[0].rstrip(",").split(",")):
            given.append(f"--weights={rest.pop(0)}")
    return given


def _wants_json(args: Sequence[str]) -> bool:
    return "--format=json" in args or any(pair == ("--format", "json") for pair in itertools.pairwise(args))


def _told(error: OSError) -> str:
    place = f"{error.filename}: " if error.filename else ""
    return f"{place}{error.strerror or error}"
