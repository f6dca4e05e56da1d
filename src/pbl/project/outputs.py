"""Refuse to write over files that pbl reads or didn't write itself, or under a name that says another form.

Called before a blend, a report, failures or a fitted pillar are written.
"""

from __future__ import annotations

import os
from contextlib import suppress
from io import BytesIO
from pathlib import Path
from typing import TYPE_CHECKING

from pbl.domain.endings import KNOWN, is_table
from pbl.domain.errors import OutputError
from pbl.project._folder import is_folder
from pbl.storage.files import same_file

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    from pbl.domain.pillars import Selection


def refuse_ending(written: Path, endings: tuple[str, ...], what: str) -> None:
    """Raise OutputError if a name says another form than those of `endings`; `what` says in words what is written.

    A name that says no form is as good as any, but for `-`, which elsewhere is stdout.
    """
    name = written.name.lower()
    if name.endswith(endings) or not (name == "-" or name.endswith(KNOWN)):
        return
    raise OutputError(f"{written}: not written: {what}; name a file that ends in {' or '.join(endings)}")


def refuse_foreign(written: Path, *, mark: bytes) -> None:
    """Raise OutputError if a file exists that doesn't begin with the line by which pbl knows its own files."""
    if not os.path.lexists(written):
        return
    try:
        regular = written.is_file()
        with written.open("rb") if regular else BytesIO() as file:
            begins = file.readline(len(mark) + 2).rstrip(b"\r\n")
    except OSError as error:
        raise OutputError(f"{written}: is there already and cannot be read: {error.strerror}") from error
    if begins != mark:
        raise OutputError(
            f"{written}: is there already, and pbl did not write it; name another file, or use --force to replace it"
        )


def refuse_input(written: Path, selection: Selection) -> None:
    """Raise OutputError if a file to be written is one of those that are read."""
    sources = [path for p in selection.pillars for path in p.files] + list(selection.found)
    refuse_sources(written, [*sources, *(p for p in (selection.template, selection.settings.path) if p)])


def refuse_sources(written: Path, sources: Iterable[Path]) -> None:
    """Raise OutputError if a file to be written is one of the sources, or would lie in one that is a folder of parts.

    A link is written through, so what it leads to counts as well.
    """
    places = (written, Path(os.path.realpath(written)))
    for source in sources:
        if is_folder(source) and any(is_table(at.name) and same_file(at.parent, source) for at in places):
            raise OutputError(f"{written}: would lie among the parts in {source}; name a file in another folder")
        if not written.exists():
            continue
        if found := next((each for each in with_parts(source) if same_file(written, each)), None):
            raise OutputError(f"{written}: is an input ({found}); name another file")


def with_parts(source: Path) -> Iterator[Path]:
    """Yield the files that are read, with the parts of a folder."""
    yield source
    if is_folder(source):
        with suppress(OSError):
            yield from (path for path in source.iterdir() if is_table(path.name))
