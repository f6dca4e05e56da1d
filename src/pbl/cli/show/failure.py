"""A failure in words on stderr, and as JSON where JSON was asked for.

The last step of a command that was stopped; `cli.boundary` calls it.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.cli.show import stderr, stdout
from pbl.cli.show.colour import Colour, paint
from pbl.cli.show.text import report_lines
from pbl.domain.errors import FindingsError, PblError, WarningsError
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import safe

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence


def tell_failure(command: str, error: PblError, *, as_json: bool) -> None:
    """Say what stopped a command."""
    if not isinstance(error, FindingsError):
        stderr.write(f"pbl {command}: {safe(str(error), keep=chr(10))}")
        if as_json:
            write_failure(command, str(error), _findings(error))
    elif as_json:
        stdout.write_json({**error.report.to_json(), "command": command})
    else:
        colour = stderr.has_colours()
        stderr.write("\n".join(report_lines(error.report, colour=colour)))
        stderr.write(paint(f"pbl {command}: {error.undone}", Colour.BAD, on=colour))


def write_failure(command: str, message: str, findings: Sequence[Mapping[str, str | None]] = ()) -> None:
    """Write a failure as JSON, with what was found in the data, if that is why."""
    failed = {"schema_version": SCHEMA_VERSION, "command": command, "ok": False, "error": message}
    stdout.write_json(failed | ({"findings": findings} if findings else {}))


def _findings(error: PblError) -> list[Mapping[str, str | None]]:
    """Return what was found in the data: each warning that stopped the work, or the message, which has no code."""
    if isinstance(error, WarningsError):
        return [{"code": each.code, "severity": "warning", "message": each.message} for each in error.warnings]
    return [{"code": None, "severity": "error", "message": str(error)}] if error.exit_code == 1 else []
