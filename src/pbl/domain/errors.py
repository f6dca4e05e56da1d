"""The errors that a user can fix: one class for each kind, each with its exit code.

Every room raises them; `cli.boundary` turns them into messages and exit codes.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, ClassVar

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from pbl.domain.report import Report
    from pbl.domain.warned import Warned


_TOLD = 5
"""The most findings in an exception's text; the report has all of them."""


class PblError(Exception):
    """What pbl could not do, in one message: where, got and expected, and the remedy."""

    exit_code: ClassVar[int] = 2


class UsageError(PblError):
    """The arguments contradict each other, or ask for nothing."""


class NoPillarsError(UsageError):
    """No file of predictions was named or found."""


class NoOofError(UsageError):
    """No file of out-of-fold predictions was found."""


class ContractError(PblError):
    """`pbl.toml` or its contract is not valid."""


class InputError(PblError):
    """A file that was named is not there, or is not what it must be for this command."""


class UnreadableError(InputError):
    """The file `path` exists and can't be read; `reason` says why, without the file's name."""

    def __init__(self, path: Path, reason: str) -> None:
        self.path = path
        self.reason = reason
        super().__init__(f"{path}: {reason}")


class InexactError(UnreadableError):
    """A file holds a whole number that no float64 equals."""


class ChangedError(PblError):
    """An input, a submission or a recipe is not the one that was recorded."""


class OutputError(PblError):
    """An output could not be written whole, or must not be replaced."""


class LogError(PblError):
    """A run log cannot take the row."""


class EngineError(PblError):
    """The machine ran out of what the work needs: memory, disk, a limit that was set."""


class DataError(PblError):
    """The data isn't fine, as only the work itself could show."""

    exit_code: ClassVar[int] = 1


class WarningsError(DataError):
    """There are warnings about the work itself, and the user wants them to stop it."""

    def __init__(self, warnings: Sequence[Warned]) -> None:
        self.warnings = tuple(warnings)
        told = (f"warning {each.code}: {each.message}" for each in warnings)
        super().__init__("\n".join(["nothing was written, as there are warnings:", *told]))


class FindingsError(PblError):
    """The data isn't fine; `undone` says what was not done."""

    exit_code: ClassVar[int] = 1

    def __init__(self, report: Report, undone: str = "nothing was written") -> None:
        self.report = report
        self.undone = undone
        super().__init__("\n".join((report.verdict(), *report.first_failures(_TOLD))))


class Unclear(Exception):  # noqa: N818 - an answer, caught by the one who asked
    """The fast way has no answer: some cell or row needs explaining."""
