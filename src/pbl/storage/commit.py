"""Write whole files or none.

A file is written under another name in its own folder, fsynced, and renamed; then the folder is fsynced. A submission
and its recipe are two names that no call can change at once, so the recipe steps out of the way first: at each moment
the pair is the old one, the new one, or a submission whose recipe waits under a name that `recover` knows.
"""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import time
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Self

from pbl.domain.errors import OutputError
from pbl.storage.files import NO_FSYNC, NO_LOCKS, is_open_as, numbered, plainly, reason, regular, tolerating, write_all
from pbl.storage.temporary import drop, gate, live

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_LOCK_TRIES = 3000
_LONG_NAME = 100


@dataclass(frozen=True, kw_only=True)
class Draft:
    """A temporary, `path` and `fd`, that will be the file `target` (`name` is what the user calls it)."""

    name: Path
    target: Path
    path: Path
    fd: int

    @property
    def size(self) -> int:
        """Give the size in bytes, as it is now."""
        return os.fstat(self.fd).st_size

    @contextmanager
    def filling(self) -> Iterator[None]:
        """Let others write the file; what the system refuses them is an OutputError."""
        with plainly(self.name):
            yield

    def write(self, data: bytes) -> None:
        """Write all of the bytes at the file's position."""
        with self.filling():
            write_all(self.fd, data)

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """Read the file back from its start, whoever wrote it."""
        at = 0
        with plainly(self.name):
            while chunk := os.pread(self.fd, size, at):
                yield chunk
                at += len(chunk)

    def sha256(self) -> str:
        """Read the file back and give its hash in hex."""
        digest = hashlib.sha256()
        for chunk in self.chunks():
            digest.update(chunk)
        return digest.hexdigest()

    def sync(self) -> None:
        """Make the bytes durable; `publish` would, and it takes its time."""
        with self.filling():
            os.fsync(self.fd)


class Drafts:
    """A context that unlinks, on every way out, the temporaries that were not published."""

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
        """Open a temporary beside what `path` names, through symbolic links; OutputError if it can't become a file."""
        with plainly(path), gate:
            target, there = regular(path, OutputError)
            if not target.parent.is_dir():
                message = f"{path}: not written: there is no folder {target.parent}; make it, or name another file"
                raise OutputError(message)
            temporary = self._name(target)
            flags = os.O_CREAT | os.O_EXCL | os.O_CLOEXEC | os.O_RDWR
            fd = os.open(temporary, flags, 0o600 if there else 0o666)
            self._fds.append(fd)
            if there:
                with suppress(OSError):
                    os.fchmod(fd, there.st_mode & 0o777)
            return Draft(name=path, target=target, path=temporary, fd=fd)

    def publish(self, draft: Draft, *, note: Draft | None = None, replace: bool = True) -> None:
        """Make a draft the file it is for, and `note` (its recipe) with it: both or, with OutputError, neither.

        Without `replace` a file that is there already is an OutputError. The bytes are made durable here.
        """
        pair = [draft, note] if note else [draft]
        for each in pair:
            with plainly(each.name):
                os.fsync(each.fd)
            if not is_open_as(each.path, each.fd):
                message = (
                    f"{each.name}: not written: another program removed or replaced its temporary {each.path.name}"
                )
                raise OutputError(message)
        with plainly(draft.name), _locked(*(each.target for each in pair)) as sync, gate:
            if not note:
                _commit(draft, None, self._name(draft.target), sync, replace=replace)
                return
            waiting = _waiting(draft.target, note.target)
            if left := next(filter(os.path.lexists, waiting), None):
                message = f"{left}: left by a run that was cut short; run the same command again to put it right"
                raise OutputError(message)
            _commit(draft, note, waiting[0], sync, replace=replace)

    def _name(self, target: Path) -> Path:
        path = _beside(target, f"{os.urandom(8).hex()}.pbl-tmp")
        self._paths.append(path)
        live[path] = None
        return path


def write_whole(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Make `data` the content of a file, read back before it is published; OutputError leaves all as it was."""
    with Drafts() as drafts:
        draft = drafts.new(path)
        draft.write(data)
        with plainly(path):
            os.fsync(draft.fd)
        if b"".join(draft.chunks()) != data:
            message = f"{path}: not written: the disk gives back other bytes than it was given"
            raise OutputError(message)
        drafts.publish(draft, replace=replace)


def recover(path: Path, note: Path, fits: Callable[[Path, Path], bool]) -> tuple[Path, ...]:
    """Finish or undo what a killed `publish` of a submission and its recipe left; give the files kept for the user.

    `fits(submission, recipe)` says whether the recipe surely describes the submission. Nothing is deleted but what
    another name still holds or what was never published. OutputError if the folder can't be put right.
    """
    with plainly(path):
        target, recipe = Path(os.path.realpath(path)), Path(os.path.realpath(note))
        old, aside, fresh = leftovers = _waiting(target, recipe)
        if not any(map(os.path.lexists, leftovers)):
            return ()
        with _locked(target, recipe) as sync, gate:
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


def _beside(target: Path, ending: str) -> Path:
    """Name a companion of a file, short enough for any file system (eCryptfs takes 143 bytes)."""
    name = os.fsencode(target.name)
    short = target.name if len(name) <= _LONG_NAME else f"{name[:90].decode(errors='ignore')}.{zlib.crc32(name):08x}"
    return target.with_name(f".{short}.{ending}")


def _waiting(target: Path, recipe: Path) -> tuple[Path, Path, Path]:
    """Name where the old submission, the old recipe and the new recipe wait while the pair changes."""
    return _beside(target, "pbl-old"), _beside(recipe, "pbl-old"), _beside(recipe, "pbl-new")


@contextmanager
def _locked(*files: Path) -> Iterator[Callable[[], None]]:
    """Hold the folders of the files against other pbl processes; give what makes their entries durable."""
    fds: list[int] = []
    try:
        for folder in sorted({file.parent for file in files}):
            fds.append(os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC))
            for left in reversed(range(_LOCK_TRIES)):
                try:
                    with tolerating(NO_LOCKS):
                        fcntl.flock(fds[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if not left:
                        message = f"{folder}: another process keeps this folder locked; end it and try again"
                        raise OutputError(message) from error
                    time.sleep(0.01)

        def sync() -> None:
            for fd in fds:
                with tolerating(NO_FSYNC):
                    os.fsync(fd)

        yield sync
    finally:
        for fd in fds:
            os.close(fd)


def _commit(draft: Draft, note: Draft | None, old: Path, sync: Callable[[], None], *, replace: bool) -> None:
    """Rename what is ready, keeping the old files under other names until all of it has worked."""
    _, aside, fresh = _waiting(draft.target, note.target if note else draft.target)
    replaces = replace and os.path.lexists(draft.target)
    try:
        if replaces:
            with tolerating(_NO_LINKS):
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
        message = f"{draft.name}: {outcome}: {reason(error)}"
        raise OutputError(message) from error
    drop(old, *((aside,) if note else ()))


def _undo(draft: Draft, note: Draft | None, old: Path, sync: Callable[[], None], *, replaces: bool) -> str:
    """Go back to what was there, by what the folder says and not by what was meant; say what is there now."""
    _, aside, fresh = _waiting(draft.target, note.target if note else draft.target)
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
    """Take a submission back, and its recipe first; where that can't be done, leave both and say so."""
    _, aside, fresh = _waiting(draft.target, note.target if note else draft.target)
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
            if error.errno not in _NO_LINKS:
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
    """Give a small file a name that is free, by whichever way still works: rename, link or copy."""
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


def _keep(source: Path, owner: Path) -> Path:
    kept = numbered(owner, "kept")
    source.rename(kept)
    return kept
