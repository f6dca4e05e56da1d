"""The files of a selection, open while they are used, and what becomes known of each.

The first step of `validate` and `blend`: `project` has found the files.
"""

from __future__ import annotations

from contextlib import ExitStack, contextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING

from pbl.domain.errors import UnreadableError
from pbl.domain.findings import finding
from pbl.domain.report import FileReport
from pbl.project.pillar_files import is_there
from pbl.reading.sources import files_of, open_source, size_as_csv

if TYPE_CHECKING:
    from collections.abc import Iterator
    from datetime import datetime
    from pathlib import Path

    from pbl.checks.profile import Profile
    from pbl.domain.findings import Finding
    from pbl.domain.pillars import Pillar, Selection
    from pbl.reading.sources import Source, Surveyed

ROWS, VALUES, IDS = "rows", "values", "ids"
"""The parts of a check that may not have been made."""


@dataclass(frozen=True, kw_only=True)
class Input:
    """A pillar's file, or the template; `findings` say why it isn't open."""

    pillar: Pillar | None
    path: Path
    file: Source | None
    findings: tuple[Finding, ...] = ()

    @property
    def name(self) -> str | None:
        """Return the pillar's name, None for the template."""
        return self.pillar.name if self.pillar else None

    @property
    def called(self) -> str:
        """Return the words for this file in a message about another."""
        return f"{self.pillar.name} ({self.path.name})" if self.pillar else f"the template ({self.path.name})"


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """All files of a command: the template first, if there is one, then the pillars."""

    all: tuple[Input, ...]

    @property
    def size(self) -> int:
        """Return the bytes of all files together."""
        return sum(each.file.size for each in self.all if each.file)

    @property
    def size_as_csv(self) -> int:
        """Return about how many bytes all files would have together as CSV."""
        return sum(size_as_csv(each.file) for each in self.all if each.file)

    @property
    def paths(self) -> dict[int, Path]:
        """Return the path of each open file by its descriptor: those that the database may open itself."""
        files = [file for each in self.all if each.file for file in files_of(each.file)]
        return {file.fd: file.path for file in files}


@dataclass(frozen=True, kw_only=True)
class CheckedFile:
    """What is known of a file after it was checked."""

    input: Input
    survey: Surveyed | None = None
    """None if the file can't be read."""
    table: str | None = None
    """The file's table in the database; None unless its structure is sound."""
    profile: Profile | None = None
    """The profile of its rows, if its structure is sound."""
    clean: bool = False
    """Whether every cell keeps the contract."""
    findings: tuple[Finding, ...] = ()
    not_checked: tuple[str, ...] = ()

    @property
    def rows(self) -> int | None:
        """Return the number of data rows, None if they could not be counted."""
        return self.profile.rows if self.profile else None

    def unchanged(self, before: datetime | None = None) -> None:
        """Raise ChangedError if the file's bytes may not be those that were checked; see `Survey.unchanged`."""
        if self.survey:
            self.survey.unchanged(before)

    def report(self) -> FileReport:
        """Return what the report says of the file."""
        return FileReport(
            pillar=self.input.name,
            path=str(self.input.path),
            sha256=self.survey.sha256 if self.survey else None,
            bytes=self.survey.size if self.survey else None,
            rows=self.rows,
            not_checked=self.not_checked,
        )


@contextmanager
def open_files(selection: Selection) -> Iterator[Inputs]:
    """Open the files of a selection, and close them at the end.

    Raises InputError for a file that was named and isn't there. A file that `pbl.toml` names, or that can't be opened,
    has a finding instead.
    """
    with ExitStack() as stack:
        template = [_open(stack, None, selection.template)] if selection.template else []
        pillars = [_open(stack, pillar, path) for pillar in selection.pillars for path in pillar.files]
        yield Inputs(all=(*template, *pillars))


def _open(stack: ExitStack, pillar: Pillar | None, path: Path) -> Input:
    name = pillar.name if pillar else None
    code, why = "PBL608", "is not there, and pbl.toml names it"
    if not (pillar and pillar.promised) or is_there(path):
        try:
            file = open_source(path, name)
        except UnreadableError as error:
            code, why = "PBL101", error.reason
        else:
            stack.callback(file.close)
            return Input(pillar=pillar, path=path, file=file)
    found = finding(code, file=str(path), pillar=name, message=why)
    return Input(pillar=pillar, path=path, file=None, findings=(found,))
