"""The renames of a commit, and how each is undone.

`commit` calls this with its drafts durable, their folders locked and nothing waiting from an earlier run.
"""

from __future__ import annotations

import os
from contextlib import suppress
from typing import TYPE_CHECKING

from pbl.domain.errors import OutputError
from pbl.storage._names import name_waiting
from pbl.storage.files import is_open_as, write_all
from pbl.storage.os_errors import NO_LINKS, explain, tolerate
from pbl.storage.temporary import drop

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    from pbl.storage._draft import Draft


def replace_files(draft: Draft, note: Draft | None, old: Path, sync: Callable[[], None], *, replace: bool) -> None:
    """Rename drafts to their files, keeping the old files under other names until all renames have worked.

    Raises OutputError that says what is there now.
    """
    _, aside, fresh = name_waiting(draft.target, note.target if note else draft.target)
    replaces = replace and os.path.lexists(draft.target)
    try:
        if replaces:
            with tolerate(NO_LINKS):
                os.link(draft.target, old)
        if note:
            note.path.rename(fresh)
            if os.path.lexists(note.target):
                note.target.rename(aside)
            sync()
        if replace:
            draft.path.rename(draft.target)
        else:
            _place(draft)
        sync()
        if note:
            _move(fresh, note.target)
            sync()
    except BaseException as error:
        outcome = _undo(draft, note, old, sync, replaces=replaces)
        if not isinstance(error, OSError):
            raise
        message = f"{draft.name}: {outcome}: {explain(error)}"
        raise OutputError(message) from error
    drop(old, *((aside,) if note else ()))


def _undo(draft: Draft, note: Draft | None, old: Path, sync: Callable[[], None], *, replaces: bool) -> str:
    """Restore the old files, judging by the folder and not by the steps intended; say what is there now."""
    _, aside, fresh = name_waiting(draft.target, note.target if note else draft.target)
    if is_open_as(draft.target, draft.fd):
        if stuck := _take_back(draft, note, old, replaces=replaces):
            return stuck
        with suppress(OSError):
            sync()
    if note:
        drop(fresh)
        try:
            if os.path.lexists(aside):
                _move(aside, note.target)
        except OSError:
            return f"not written, and the old recipe waits in {aside} until the next blend puts it back"
    drop(old)
    with suppress(OSError):
        sync()
    return "not written"


def _take_back(draft: Draft, note: Draft | None, old: Path, *, replaces: bool) -> str:
    """Remove a new submission, and its recipe first; if that can't be done, leave both and say so."""
    _, aside, fresh = name_waiting(draft.target, note.target if note else draft.target)
    try:
        if replaces:
            old.stat()
        if note and os.path.lexists(note.target):
            _move(note.target, fresh)
        if replaces:
            old.rename(draft.target)
        else:
            draft.target.unlink()
    except OSError:
        try:
            if note and not os.path.lexists(note.target):
                _move(fresh, note.target)
        except OSError:
            return f"is new, but its recipe waits in {fresh} until the next blend puts it in place"
        drop(old, *((aside,) if note else ()))
        return "written, but it may not outlive a power failure"
    return ""


def _place(draft: Draft) -> None:
    """Rename a draft to a name that must be free."""
    try:
        try:
            os.link(draft.path, draft.target)
        except OSError as error:
            if error.errno not in NO_LINKS:
                raise
            os.close(os.open(draft.target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_WRONLY))
            try:
                draft.path.rename(draft.target)
            except BaseException:
                drop(draft.target)
                raise
    except FileExistsError as error:
        message = f"{draft.name}: not written: it exists already; name another file"
        raise OutputError(message) from error
    drop(draft.path)


def _move(source: Path, target: Path) -> None:
    """Give a small file a name that is free, by the first way that works: rename, link or copy."""
    try:
        source.rename(target)
    except OSError:
        try:
            os.link(source, target)
        except OSError:
            fd = os.open(target, os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_WRONLY, source.stat().st_mode & 0o777)
            try:
                write_all(fd, source.read_bytes())
                os.fsync(fd)
            except BaseException:
                drop(target)
                raise
            finally:
                os.close(fd)
    if os.path.lexists(source):  # also after a rename to another name of the same file, which does nothing
        source.unlink()
