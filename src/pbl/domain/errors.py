"""Say what a user can fix: one class a kind of trouble, each with its exit code.

Raised by every room, and made into words and exit codes by `cli.boundary`.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.domain.report import Report


_TOLD = 5
"""As many findings stand in an exception's text; the report has all of them."""


class PblError(Exception):
    """What pbl could not do, in one message: where, got and expected, and the remedy."""

    exit_code: ClassVar[int] = 2


class UsageError(PblError):
    """The arguments contradict each other, or ask for nothing."""


class NoPillarsError(UsageError):
    """No file of predictions was named or found."""


class ContractError(PblError):
    """`pbl.toml` or its contract cannot be read as meant."""


class InputError(PblError):
    """A file that was named is not there, or is not what it must be for this command."""


class UnreadableError(InputError):
    """A file is there and can't be read; `reason` says why, without the file's name."""

    def __init__(self, path: Path, reason: str) -> None:
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class ChangedError(PblError):
    """An input, a submission or a recipe is not the one that the record speaks of."""


class OutputError(PblError):
    """An output could not be written whole, or must not be replaced."""


class LogError(PblError):
    """A run log cannot take the row."""


class EngineError(PblError):
    """The machine ran out of what the work needs: memory, disk, a limit that was set."""


class DataError(PblError):
    """The data isn't fine, in a way that only what was to be done with it could tell."""

    exit_code: ClassVar[int] = 1


class FindingsError(PblError):
    """The data isn't fine; what was asked for was left `undone`."""

    exit_code: ClassVar[int] = 1

    def __init__(self, report: Report, undone: str = "nothing was written") -> None:
        self.report = report
        self.undone = undone
        super().__init__("\n".join((report.verdict(), *report.first_failures(_TOLD))))


class Unclear(Exception):  # noqa: N818 - an answer, caught by the one who asked
    """What was asked for can't be told the fast way: some cell or row needs to be explained."""
