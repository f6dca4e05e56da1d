"""A failure in words on stderr, and as JSON where JSON was asked for.

The last step of a command that was stopped; `cli.boundary` calls it.
"""

from __future__ import annotations

from pbl.cli.show import stderr, stdout
from pbl.cli.show.colour import Colour, paint
from pbl.cli.show.text import report_lines
from pbl.domain.errors import FindingsError, PblError
from pbl.domain.report import SCHEMA_VERSION
from pbl.domain.wording import safe


def tell_failure(command: str, error: PblError, *, as_json: bool) -> None:
    """Say what stopped a command."""
    if not isinstance(error, FindingsError):
        stderr.write(f"pbl {command}: {safe(str(error), keep=chr(10))}")
        if as_json:
            write_failure(command, str(error), refused=error.exit_code == 1)
    elif as_json:
        stdout.write_json({**error.report.to_json(), "command": command})
    else:
        colour = stderr.has_colours()
        stderr.write("\n".join(report_lines(error.report, colour=colour)))
        stderr.write(paint(f"pbl {command}: {error.undone}", Colour.BAD, on=colour))


def write_failure(command: str, message: str, *, refused: bool = False) -> None:
    """Write a failure as JSON; data that was `refused` has its finding, one without a code."""
    failed = {"schema_version": SCHEMA_VERSION, "command": command, "ok": False, "error": message}
    found = {"findings": [{"code": None, "severity": "error", "message": message}]} if refused else {}
    stdout.write_json(failed | found)
