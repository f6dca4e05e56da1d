"""Write whole files or none, and append to logs that lose no row.

A file is written under another name in its own folder, fsynced, and renamed; then the folder is fsynced. A submission
and its recipe are two names that no call can change at once, so the recipe steps out of the way first: at each moment
the pair is the old one, the new one, or a submission whose recipe waits under a name that `recover` knows.
"""

from __future__ import annotations

import csv
import errno
import fcntl
import io
import os
import re
import stat
import threading
import time
import zlib
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple, Self

from pbl.contract import NUMBER
from pbl.errors import LogError, OutputError

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator, Sequence

    from pbl.errors import PblError

_REASONS = {
    errno.ENOSPC: "the disk is full",
    errno.EDQUOT: "the disk quota is used up",
    errno.EROFS: "the file system is read-only",
    errno.EACCES: "permission denied",
    errno.EPERM: "permission denied",
    errno.EIO: "the disk reports an input/output error",
    errno.EFBIG: "the file would be larger than the limit on file sizes",
    errno.ENAMETOOLONG: "the name is too long",
    errno.ELOOP: "it is a circle of symbolic links",
    errno.EISDIR: "it is a folder",
    errno.ENOENT: "the folder isn't there",
    errno.ENOTDIR: "the folder isn't a folder",
}
_NO_LINKS = {errno.EPERM, errno.EOPNOTSUPP, errno.ENOSYS, errno.EMLINK}
_NO_LOCKS = {errno.EINVAL, errno.EOPNOTSUPP, errno.ENOLCK, errno.ENOSYS, errno.EBADF}
_NO_FSYNC = {errno.EINVAL, errno.EOPNOTSUPP}
_LOCK_TRIES = 3000
_SWEEP_S = 0.3
_GONE = ".gone.pbl-tmp"
_LONG_NAME = 100
_BOM = b"\xef\xbb\xbf"
_CELL = rb'(?:"[^"]*+(?:""[^"]*+)*+"[^,\n]*+|[^",\n][^,\n]*+|)'
_RECORD = re.compile(rb"%b(?:,%b)*+\n" % (_CELL, _CELL))
_DECIMAL = re.compile(NUMBER)

_live: dict[Path, None] = {}
_gate = threading.RLock()
"""Held where stopping half-way would leave something half done, and by `sweep` for good."""


@dataclass(frozen=True, kw_only=True)
class Appended:
    """What an append did; `rows` is how many were appended."""

    path: Path
    created: bool
    """The header was written too."""
    rows: int
    set_aside: Path | None
    """Where the torn bytes at the log's end are now."""
    completed: bool
    """The last row was whole but for its line end, and has got it."""


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
        with _plainly(self.name):
            yield

    def write(self, data: bytes) -> None:
        """Write all of the bytes at the file's position."""
        with self.filling():
            _write_all(self.fd, data)

    def chunks(self, size: int = 1 << 20) -> Iterator[bytes]:
        """Read the file back from its start, whoever wrote it."""
        at = 0
        with _plainly(self.name):
            while chunk := os.pread(self.fd, size, at):
                yield chunk
                at += len(chunk)

    def append(self, data: bytes, at: int) -> None:
        """Write all of the bytes at the place `at`, the end so far; OutputError if they don't read back the same."""
        with self.filling():
            os.lseek(self.fd, at, os.SEEK_SET)
            self.write(data)
            if os.pread(self.fd, len(data) + 1, at) != data:
                message = f"{self.name}: not written: what was read back is not what was written"
                raise OutputError(message)


class Drafts:
    """A context that unlinks, on every way out, the temporaries that were not published."""

    def __init__(self) -> None:
        self._paths: list[Path] = []
        self._fds: list[int] = []

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        for path in self._paths:
            _drop(path)
            _live.pop(path, None)
        for fd in self._fds:
            with suppress(OSError):
                os.close(fd)
        self._paths, self._fds = [], []

    def new(self, path: Path) -> Draft:
        """Open a temporary beside what `path` names, through symbolic links; OutputError if it can't become a file."""
        with _plainly(path), _gate:
            target, there = _regular(path, OutputError)
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
            with _plainly(each.name):
                os.fsync(each.fd)
            if not _is(each.path, each.fd):
                message = (
                    f"{each.name}: not written: another program removed or replaced its temporary {each.path.name}"
                )
                raise OutputError(message)
        with _plainly(draft.name), _locked(*(each.target for each in pair)) as sync, _gate:
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
        _live[path] = None
        return path


def write_whole(path: Path, data: bytes, *, replace: bool = True) -> None:
    """Make `data` the content of a file, read back before it is published; OutputError leaves all as it was."""
    with Drafts() as drafts:
        draft = drafts.new(path)
        draft.write(data)
        with _plainly(path):
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
    with _plainly(path):
        target, recipe = Path(os.path.realpath(path)), Path(os.path.realpath(note))
        old, aside, fresh = leftovers = _waiting(target, recipe)
        if not any(map(os.path.lexists, leftovers)):
            return ()
        with _locked(target, recipe) as sync, _gate:
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
            _drop(*(leftovers if chosen else (old, fresh) if unchanged else ()))
            owners = zip(leftovers, (target, recipe, recipe), strict=True)
            kept += [_keep(each, owner) for each, owner in owners if os.path.lexists(each)]
            sync()
            return tuple(kept)


@contextmanager
def private_folder(beside: Path) -> Iterator[Path]:
    """Give a folder in the folder `beside` that only this user can open, and remove it with all that is in it."""
    with _plainly(beside):
        folder = Path(os.path.realpath(beside)) / f".{os.urandom(8).hex()}.pbl-tmp"
        try:
            with _gate:
                _live[folder] = None
                folder.mkdir(mode=0o700)
        except BaseException:
            _live.pop(folder, None)
            raise
    try:
        yield folder
    finally:
        _drop(folder)
        _live.pop(folder, None)


def sweep() -> None:
    """Remove every temporary of this process, just before it ends; callable from any thread, never raises.

    A commit or an append under way is given half a second; nothing can begin after it. A folder of many gigabytes would
    take seconds: what is left of one after a third of a second is left to a process that outlives this one.
    """
    with suppress(Exception):
        _gate.acquire(timeout=0.5)
        gone = [_aside(path) if path.is_dir() else path for path in list(_live)]
        removing = threading.Thread(target=_drop, args=gone, daemon=True)
        removing.start()
        removing.join(_SWEEP_S)
        if removing.is_alive():
            _leave_to_another(filter(os.path.lexists, gone))


def append_rows(path: Path, *, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Appended:
    """Append rows to a log in one write, durable on return, whoever else appends; LogError leaves it as it was."""
    if any(len(row) != len(header) for row in rows):
        message = "a row has not as many cells as the header"
        raise ValueError(message)
    for cell in (cell for row in rows for cell in row if "\0" in cell):
        message = f"{path}: not logged: a cell has a NUL character, which no CSV can hold: {cell[:80]!r}"
        raise LogError(message)
    with _plainly(path, LogError):
        target, _ = _regular(path, LogError)
        with suppress(FileExistsError):
            target.parent.mkdir()
            _sync(target.parent.parent)
        log = _open_log(path, target)
        try:
            with _gate:
                return _append(log, header, rows)
        finally:
            os.close(log.fd)


def csv_line(row: Sequence[object]) -> str:
    """Return one record without its line end; cells with either kind of line end in them are quoted."""
    text = io.StringIO()
    csv.writer(text, lineterminator="\r\n").writerow(row)  # with "\n" alone, Python 3.11 doesn't quote a bare CR
    return text.getvalue().removesuffix("\r\n")


def defused(cell: str) -> str:
    """Put an apostrophe before what a spreadsheet would take for a formula; numbers stay numbers."""
    return f"'{cell}" if cell.startswith(("=", "+", "-", "@", "\t", "\r")) and not _DECIMAL.fullmatch(cell) else cell


@contextmanager
def _plainly(name: Path, kind: type[PblError] = OutputError) -> Iterator[None]:
    try:
        yield
    except OSError as error:
        message = f"{name}: not {'logged' if kind is LogError else 'written'}: {_reason(error)}"
        raise kind(message) from error


def _reason(error: OSError) -> str:
    return _REASONS.get(error.errno or 0) or (error.strerror or str(error))


def _regular(path: Path, kind: type[PblError]) -> tuple[Path, os.stat_result | None]:
    if "\0" in str(path):
        message = f"{str(path)!r}: a file's name can't have a NUL character"
        raise kind(message)
    try:
        there = path.stat()
    except FileNotFoundError:
        return Path(os.path.realpath(path)), None
    if stat.S_ISDIR(there.st_mode):
        message = f"{path}: is a folder; name a file"
        raise kind(message)
    if not stat.S_ISREG(there.st_mode):
        message = f"{path}: is no regular file, so it can't be written whole or not at all"
        raise kind(message + ("; `--output -` writes to stdout" if kind is OutputError else ""))
    return Path(os.path.realpath(path)), there


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
                    with _tolerating(_NO_LOCKS):
                        fcntl.flock(fds[-1], fcntl.LOCK_EX | fcntl.LOCK_NB)
                    break
                except BlockingIOError as error:
                    if not left:
                        message = f"{folder}: another process keeps this folder locked; end it and try again"
                        raise OutputError(message) from error
                    time.sleep(0.01)

        def sync() -> None:
            for fd in fds:
                with _tolerating(_NO_FSYNC):
                    os.fsync(fd)

        yield sync
    finally:
        for fd in fds:
            os.close(fd)


@contextmanager
def _tolerating(errors: set[int]) -> Iterator[None]:
    """Pass over what a file system doesn't have."""
    try:
        yield
    except OSError as error:
        if error.errno not in errors:
            raise


def _sync(folder: Path) -> None:
    """Make the entries of a folder durable."""
    fd = os.open(folder, os.O_RDONLY | os.O_DIRECTORY | os.O_CLOEXEC)
    try:
        with _tolerating(_NO_FSYNC):
            os.fsync(fd)
    finally:
        os.close(fd)


def _commit(draft: Draft, note: Draft | None, old: Path, sync: Callable[[], None], *, replace: bool) -> None:
    """Rename what is ready, keeping the old files under other names until all of it has worked."""
    _, aside, fresh = _waiting(draft.target, note.target if note else draft.target)
    replaces = replace and os.path.lexists(draft.target)
    try:
        if replaces:
            with _tolerating(_NO_LINKS):
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
        message = f"{draft.name}: {outcome}: {_reason(error)}"
        raise OutputError(message) from error
    _drop(old, *((aside,) if note else ()))


def _undo(draft: Draft, note: Draft | None, old: Path, sync: Callable[[], None], *, replaces: bool) -> str:
    """Go back to what was there, by what the folder says and not by what was meant; say what is there now."""
    _, aside, fresh = _waiting(draft.target, note.target if note else draft.target)
    if _is(draft.target, draft.fd):
        if stuck := _take_back(draft, note, old, replaces=replaces):
            return stuck
        with suppress(OSError):
            sync()
    if note:
        _drop(fresh)
        try:
            if os.path.lexists(aside):
                _move(aside, note.target)
        except OSError:
            return f"not written, and the old recipe waits in {aside} until the next blend puts it back"
    _drop(old)
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
        _drop(old, *((aside,) if note else ()))
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
                _drop(draft.target)
                raise
    except FileExistsError as error:
        message = f"{draft.name}: not written: it exists already; name another file"
        raise OutputError(message) from error
    _drop(draft.path)


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
                _write_all(fd, source.read_bytes())
                os.fsync(fd)
            except BaseException:
                _drop(target)
                raise
            finally:
                os.close(fd)
    if os.path.lexists(source):  # also after a rename to another name of the same file, which does nothing
        source.unlink()


def _keep(source: Path, owner: Path) -> Path:
    kept = _numbered(owner, "kept")
    source.rename(kept)
    return kept


def _numbered(owner: Path, ending: str) -> Path:
    """Name the first file that isn't there yet."""
    names = (owner.with_name(f"{owner.name}.{ending}-{n}") for n in count(1))
    return next(name for name in names if not os.path.lexists(name))


def _is(path: Path, fd: int) -> bool:
    try:
        return os.path.samestat(os.lstat(path), os.fstat(fd))
    except OSError:
        return False


def _drop(*paths: Path) -> None:
    """Remove files and folders, as far as that is possible."""
    for path in paths:
        for _ in range(3):
            try:
                _remove(path)
            except FileNotFoundError:
                break
            except OSError:
                continue
            break


def _remove(path: Path) -> None:
    try:
        path.unlink()
    except (IsADirectoryError, PermissionError):
        if not path.name.endswith(_GONE):
            path = _aside(path)
        while inside := list(path.iterdir()):
            for each in inside:
                with suppress(FileNotFoundError):
                    _remove(each)
        path.rmdir()


def _aside(folder: Path) -> Path:
    """Rename a folder: nobody can put anything into it any more, but for those who are about to."""
    return folder.rename(folder.with_name(f".{os.urandom(8).hex()}{_GONE}"))


def _leave_to_another(paths: Iterable[Path]) -> None:
    """Have files and folders removed by a process of its own, which neither signals nor a closed terminal reach."""
    script = 'for _ in 1 2 3; do rm -rf -- "$@" && exit; sleep 1; done'  # again, if something came in meanwhile
    null = [(os.POSIX_SPAWN_OPEN, fd, os.devnull, os.O_RDWR, 0) for fd in range(3)]
    os.posix_spawnp(
        "sh", ["sh", "-c", script, "sh", *map(str, paths)], {}, file_actions=null, setsid=True, setsigmask=[]
    )


def _write_all(fd: int, data: bytes) -> None:
    view = memoryview(data)
    while view:
        view = view[os.write(fd, view) :]


class _Log(NamedTuple):
    """A locked log: `made` if this call made the file."""

    name: Path
    target: Path
    fd: int
    made: bool


def _open_log(name: Path, target: Path) -> _Log:
    """Open and lock a log, making sure that its name still means it once it is locked."""
    flags = os.O_RDWR | os.O_APPEND | os.O_CLOEXEC | os.O_NONBLOCK | os.O_NOFOLLOW
    for _ in range(1000):
        made = True
        try:
            fd = os.open(target, flags | os.O_CREAT | os.O_EXCL, 0o666)
        except FileExistsError:
            made = False
            try:
                fd = os.open(target, flags)
            except FileNotFoundError:
                continue
        try:
            with _tolerating(_NO_LOCKS):
                fcntl.flock(fd, fcntl.LOCK_EX)
            if _is(target, fd) and stat.S_ISREG(os.fstat(fd).st_mode):
                return _Log(name, target, fd, made)
        except BaseException:
            os.close(fd)
            raise
        os.close(fd)
    message = f"{name}: not logged: the file keeps being replaced by others; try again"
    raise LogError(message)


def _append(log: _Log, header: Sequence[str], rows: Sequence[Sequence[str]]) -> Appended:
    """Bring the end of a locked log into shape and append to it, or leave it as it was."""
    with os.fdopen(log.fd, "rb", closefd=False) as file:
        data = file.read()
    size = len(data)
    end = len(_BOM) if data.startswith(_BOM) else 0
    head = first[0] if (first := _RECORD.match(data, end)) else data[end:]
    while record := _RECORD.match(data, end):
        end = record.end()
    torn = data[end:]
    cells = _cells(torn)
    completed = len(cells) == len(header) if first else cells == list(header)
    headed = bool(first) or completed
    if (headed and _cells(head) != list(header)) or not (headed or (_encoded(header) + b"\r\n").startswith(head)):
        got = head[:200].decode(errors="replace").strip()
        message = f"{log.name}: not logged: its columns are {got!r}, not those of a log of pbl; use another --label"
        raise LogError(message)
    line_end = b"\r\n" if head.endswith((b"\r\n", b"\r")) and headed else b"\n"
    lines = [_encoded(row) + line_end for row in ([] if headed else [header]) + list(rows)]
    if completed:
        lines.insert(0, b"\n" if torn.endswith(b"\r") else line_end)
    set_aside = None
    try:
        if torn and not completed:
            set_aside = _numbered(log.target, "torn")
            write_whole(set_aside, torn, replace=False)
            os.ftruncate(log.fd, end)
            size = end
        _write_all(log.fd, b"".join(lines))
        os.fsync(log.fd)
        _sync(log.target.parent)
    except BaseException as error:
        undone = _undo_append(log, size)
        if not isinstance(error, (OSError, OutputError)):
            raise
        reason = _reason(error) if isinstance(error, OSError) else str(error)
        moved = f"; its torn last bytes are in {set_aside}" if set_aside and size == end else ""
        message = f"{log.name}: {'not' if undone else 'perhaps'} logged: {reason}{moved}"
        raise LogError(message) from error
    return Appended(path=log.name, created=not headed, rows=len(rows), set_aside=set_aside, completed=completed)


def _undo_append(log: _Log, size: int) -> bool:
    """Cut a log back to its former size, and remove it if it is new; say whether that worked."""
    for _ in range(2):
        with suppress(OSError):
            os.ftruncate(log.fd, size)
            if log.made and not size:
                _drop(log.target)
            with suppress(OSError):
                os.fsync(log.fd)
            return True
    return False


def _encoded(row: Sequence[str]) -> bytes:
    return csv_line(row).encode(errors="backslashreplace")


def _cells(record: bytes) -> list[str]:
    """Take one record apart; a record that can't be whole has no cells."""
    line = record.rstrip(b"\r\n") + b"\n"
    if b"\0" in line or not _RECORD.fullmatch(line):
        return []
    try:
        return next(csv.reader([line.decode()]))
    except (UnicodeDecodeError, csv.Error):
        return []
