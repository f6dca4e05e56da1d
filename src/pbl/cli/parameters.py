"""Parameters of the commands: text in, as it was typed, with pbl's own help lines and completion.

`boundary` builds its commands on this, and `options` makes values of the text. Typer's own conversion loads pydantic,
which takes longer than a blend, and accepts nan and 1_000.
"""

from __future__ import annotations

import re
from types import MethodType
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Sequence

_WEIGHT = r"([^=]+=)?[+-]?([0-9]+\.?[0-9]*|\.[0-9]+|[nN][aA][nN]|[iI][nN][fF])([eE][+-]?[0-9]+)?"
_WEIGHT_FLAGS = ("--weights", "-w")


class TextParameters:
    """What every kind of command does with its parameters."""

    def get_params(self, ctx: Any) -> list[Any]:  # noqa: ANN401 - Click's Context, of either kind
        """Return the parameters, --help among them."""
        params: list[Any] = super().get_params(ctx)  # type: ignore[misc] # Click's Command comes after this class
        for param in params:
            param.process_value = MethodType(_keep_text, param)
            param.shell_complete = MethodType(_complete, param)
            if param.param_type_name == "argument":
                param.get_usage_pieces = MethodType(_name_argument, param)
        return params

    def format_options(self, ctx: Any, formatter: Any) -> None:  # noqa: ANN401 - as above
        """Write the help's sections: arguments, options, and last those that have a heading of their own."""
        sections: dict[str, list[tuple[str, str]]] = {"Arguments": [], "Options": []}
        for param in self.get_params(ctx):
            if param.param_type_name == "argument":
                sections["Arguments"].append((_argument_name(param), param.help or ""))
            elif record := param.get_help_record(ctx):
                sections.setdefault(getattr(param, "rich_help_panel", None) or "Options", []).append(record)
        for heading, records in sections.items():
            if records:
                with formatter.section(heading):
                    formatter.write_dl(records)
        if hasattr(self, "format_commands"):
            self.format_commands(ctx, formatter)


def join_weights(args: Sequence[str]) -> list[str]:
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


def _keep_text(self: Any, ctx: Any, value: Any) -> Any:  # noqa: ANN401 - a method of Click's Parameter
    """Return the text as it was given: a list if several are allowed; None or an empty list if nothing was given."""
    if self.nargs != 1 or self.multiple:
        value = list(value or ())
    option = self.param_type_name != "argument"
    if self.required and not value and not (option and value == ""):  # what is wrong with an empty one, the core says
        ctx.fail(f"Missing option {self.opts[0]}." if option else f"Missing argument {self.metavar or self.name}.")
    return value if self.callback is None else self.callback(ctx, self, value)


def _argument_name(param: Any) -> str:  # noqa: ANN401 - as above
    """Return an argument's name in a help: `PATH...` if several are allowed."""
    name = str(param.metavar or param.name.upper())
    return f"{name}..." if param.nargs != 1 else name


def _name_argument(self: Any, _ctx: Any) -> list[str]:  # noqa: ANN401 - as above
    """Return an argument for a usage line: in brackets if it may be left out."""
    return [_argument_name(self) if self.required else f"[{_argument_name(self)}]"]


def _complete(self: Any, ctx: Any, incomplete: str) -> list[Any]:  # noqa: ANN401 - as above
    from pbl.cli.completion import complete

    return complete(self, ctx, incomplete)
