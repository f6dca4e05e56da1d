"""Publish files whole or not at all, and a submission with its recipe: both or neither.

`blending` and `atomic_write` publish through it. A file is written under another name in its own folder, fsynced and
renamed; then the folder is fsynced. No call can change the two names of a submission and its recipe at once, so the old
recipe is moved aside first: at each moment the pair is the old one, the new one, or a submission whose recipe waits
under a name that `recover` knows.
"""

from __future__ import annotations

import os
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pbl.domain.errors import OutputError
from pbl.storage._draft import Draft
from pbl.storage._names import name_next, name_temporary, name_waiting, resolve_target
from pbl.storage._replace import replace_files
from pbl.storage.files import is_open_as, open_folder, sync_entries
from pbl.storage.locks import lock
from pbl.storage.os_errors import explain_os_errors
from pbl.storage.temporary import critical_section, drop, live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

__all__ = ["Draft", "Drafts", "recover"]

_LOCK_TRIES = 3000


class Drafts:
    """A context that removes, however it ends, the temporaries that were not published."""

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._fds: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for path in self._paths:
            drop(path)
            live.pop(path, None)
        for fd in self._fds:
            with suppress(OSError):
                os.close(fd)
        self._paths, self._fds = [], []

    def new(self, path: Path) -> Draft:
        """Open a temporary beside the file that `path` names, through links; OutputError if no file can be there."""
        with explain_os_errors(path), critical_section:
            target, there = resolve_target(path, OutputError)
            if not target.parent.is_dir():
                message = f"{path}: not written: there is no folder {target.parent}; make it, or name another file"
                raise OutputError(message)
            temporary = self._name_temporary(target)
            flags = os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_RDWR
            fd = os.open(temporary, flags, 0o600 if there else 0o666)
            self._fds.append(fd)
            if there:
                with suppress(OSError):
                    os.fchmod(fd, there.st_mode & 0o777)
            return Draft(name=path, target=target, path=temporary, fd=fd)

    def publish(self, draft: Draft, *, note: Draft | None = None, replace: bool = True) -> None:
        """Make a draft the file it is for, and `note` (its recipe) with it: both or, with OutputError, neither.

        Without `replace`, OutputError is raised if the file exists. The bytes are made durable here.
        """
        pair = [draft, note] if note else [draft]
        for each in pair:
            each.sync()
            if not is_open_as(each.path, each.fd):
                message = (
                    f"{each.name}: not written: another program removed or replaced its temporary {each.path.name}"
                )
                raise OutputError(message)
        folders = {each.target.parent for each in pair}
        with explain_os_errors(draft.name), _lock_folders(folders) as sync, critical_section:
            if not note:
                replace_files(draft, None, self._name_temporary(draft.target), sync, replace=replace)
                return
            waiting = name_waiting(draft.target, note.target)
            if left := next(filter(os.path.lexists, waiting), None):
                message = f"{left}: left by a run that was cut short; run the same command again to put it right"
                raise OutputError(message)
            replace_files(draft, note, waiting.old, sync, replace=replace)

    def _name_temporary(self, target: Path) -> Path:
        path = name_temporary(target)
        self._paths.append(path)
        live[path] = None
        return path


def recover(path: Path, note: Path, fits: Callable[[Path, Path], bool]) -> tuple[Path, ...]:
    """Finish or undo what a killed `publish` of a submission and its recipe left; give the files kept for the user.

    `fits(submission, recipe)` says whether the recipe surely describes the submission. Only bytes that have another
    name, or were never published, are deleted. Raises OutputError if the folder can't be repaired.
    """
    with explain_os_errors(path):
        target, recipe = Path(os.path.realpath(path)), Path(os.path.realpath(note))
        old, aside, fresh = leftovers = name_waiting(target, recipe)
        if not any(map(os.path.lexists, leftovers)):
            return ()
        with _lock_folders({target.parent, recipe.parent}) as sync, critical_section:
            missing = not target.exists()
            unchanged = missing or (old.exists() and target.samefile(old))
            if missing and old.exists():
                old.rename(target)
            kept: list[Path] = []
            chosen = None
            if unchanged and not os.path.lexists(recipe):
                chosen = aside if aside.exists() else None
            elif target.exists():
                chosen = next((each for each in (recipe, fresh, aside) if each.exists() and fits(target, each)), None)
            if chosen and chosen != recipe:
                if os.path.lexists(recipe):
                    kept.append(_keep(recipe, recipe))
                chosen.rename(recipe)
            sync()
            drop(*(leftovers if chosen else (old, fresh) if unchanged else ()))
            owners = zip(leftovers, (target, recipe, recipe), strict=True)
            kept += [_keep(each, owner) for each, owner in owners if os.path.lexists(each)]
            sync()
            return tuple(kept)


@contextmanager
def _lock_folders(folders: set[Path]) -> Iterator[Callable[[], None]]:
    """Lock folders against other pbl processes; give a function that makes their entries durable."""
    fds: list[int] = []
    with ExitStack() as stack:
        for folder in sorted(folders):
            fds.append(open_folder(folder))
            stack.callback(os.close, fds[-1])
            if not lock(fds[-1], tries=_LOCK_TRIES):
                message = f"{folder}: another process keeps this folder locked; end it and try again"
                raise OutputError(message)

        def sync() -> None:
            for fd in fds:
                sync_entries(fd)

        yield sync


def _keep(source: Path, owner: Path) -> Path:
    kept = name_next(owner, "kept")
    source.rename(kept)
    return kept
