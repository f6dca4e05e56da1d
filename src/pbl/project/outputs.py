"""What pbl must not write over."""

from __future__ import annotations

from typing import TYPE_CHECKING

from pbl.domain.errors import OutputError
from pbl.project.pillar_files import same_file

if TYPE_CHECKING:
    from pathlib import Path

    from pbl.domain.pillars import Selection


def refuse_input(written: Path, selection: Selection) -> None:
    """Raise OutputError if a file to be written is one of those that are read."""
    sources = [p.path for p in selection.pillars] + list(selection.found)
    sources += [p for p in (selection.template, selection.settings.path) if p]
    for source in sources:
        if written.exists() and same_file(written, source):
            raise OutputError(f"{written}: is an input ({source}); name another file")
