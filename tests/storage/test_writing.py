from __future__ import annotations

import csv
import errno
import fcntl
import hashlib
import io
import os
import random
import re
import shutil
import signal
import stat
import subprocess
import sys
import tempfile
import threading
import time
from itertools import count
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from pbl.domain.errors import LogError, OutputError
from pbl.storage import commit as writing
from pbl.storage.append_log import Appended, append_rows
from pbl.storage.commit import Drafts, recover, write_whole
from pbl.storage.csv_text import defused
from pbl.storage.temporary import private_folder

HEADER = ("pillar", "model", "notes")
HEAD = b"pillar,model,notes\n"
ROWS = b'siglip,a,\ndino,"b ""x"", y","two\nlines"\nmvp,c,end\n'
ENV = {"PYTHONPATH": str(Path(writing.__file__).parents[2]), "PYTHONDONTWRITEBYTECODE": "1", "PATH": os.environ["PATH"]}
PREAMBLE = """
import os, sys
from pathlib import Path
from pbl.domain.errors import PblError
from pbl.storage.append_log import append_rows
from pbl.storage.temporary import private_folder, sweep
from pbl.storage.commit import Drafts, recover, write_whole

folder = Path(sys.argv[1])

def fits(submission, recipe):
    return recipe.read_bytes() == b"recipe of " + submission.read_bytes()

def publish(data=b"new"):
    with Drafts() as drafts:
        submission, recipe = drafts.new(folder / "s.csv"), drafts.new(folder / "s.recipe.json")
        submission.write(data)
        recipe.write(b"recipe of " + data)
        drafts.publish(submission, note=recipe)

def attempt(deed):
    try:
        deed()
    except PblError as error:
        os.writev(2, [str(error).encode()])  # no write: writes may be what fails
        os._exit(2)
    os._exit(0)
"""
PUBLISH = "attempt(publish)"
APPEND = 'attempt(lambda: append_rows(folder / "log.csv", header=("pillar", "model", "notes"), rows=[("p", "m", "n")]))'
STRACE = ("strace", "-f", "-qq", "-o")
NAMES = {"rename": "rename,renameat,renameat2", "link": "link,linkat", "unlink": "unlink,unlinkat"}
FAULTS = (("", "ENOSPC"), ("+", "EIO"), ("", "EIO"), ("+", "ENOSPC"))
REASONS = {"ENOSPC": "the disk is full", "EIO": "input/output error"}

needs_strace = pytest.mark.skipif(
    not shutil.which("strace"), reason="strace is not installed: faults can't be injected"
)


def fits(submission: Path, recipe: Path) -> bool:
    return recipe.read_bytes() == b"recipe of " + submission.read_bytes()


def content(folder: Path) -> dict[str, bytes]:
    return {path.name: path.read_bytes() for path in folder.iterdir()}


def pair(data: bytes) -> dict[str, bytes]:
    return {"s.csv": data, "s.recipe.json": b"recipe of " + data}


def put(folder: Path, files: dict[str, bytes]) -> None:
    for name, data in files.items():
        (folder / name).write_bytes(data)


def publish(folder: Path, data: bytes = b"new", *, replace: bool = True) -> None:
    with Drafts() as drafts:
        submission, recipe = drafts.new(folder / "s.csv"), drafts.new(folder / "s.recipe.json")
        submission.write(data)
        recipe.write(b"recipe of " + data)
        drafts.publish(submission, note=recipe, replace=replace)


def healed(folder: Path) -> tuple[Path, ...]:
    return recover(folder / "s.csv", folder / "s.recipe.json", fits)


def append(folder: Path, *rows: tuple[str, ...]) -> Appended:
    return append_rows(folder / "log.csv", header=HEADER, rows=rows or [("p", "m", "n")])


def records(data: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(data.decode(), newline=""), strict=True))


def child(script: str, folder: Path, *before: str) -> subprocess.CompletedProcess[str]:
    command = [*before, sys.executable, "-S", "-c", PREAMBLE + script, str(folder)]
    return subprocess.run(command, env=ENV, capture_output=True, text=True, timeout=60, check=False)


def injected(script: str, folder: Path, *faults: str) -> subprocess.CompletedProcess[str]:
    """Run under strace; a fault is like `rename:error=EIO:when=2+`."""
    options = [
        f"--inject={NAMES.get(call, call)}:{rest}" for call, _, rest in (fault.partition(":") for fault in faults)
    ]
    kinds = ",".join(NAMES.get(fault.partition(":")[0], fault.partition(":")[0]) for fault in faults)
    quick = [] if any("signal" in fault for fault in faults) else ["--seccomp-bpf"]  # which loses injected signals
    return child(script, folder, *STRACE, os.devnull, *quick, f"--trace={kinds}", *options)


def calls(script: str, folder: Path, kind: str) -> int:
    """Count how often an undisturbed run makes a system call."""
    trace = folder.with_name("trace")
    done = child(script, folder, *STRACE, str(trace), "--seccomp-bpf", f"--trace={NAMES.get(kind, kind)}")
    assert done.returncode == 0, done.stderr
    return len(re.findall(rf"^\d+ +{kind}", trace.read_text(), re.MULTILINE))


def order(script: str, folder: Path) -> list[str]:
    """List the calls that decide what outlives a power failure, as they were made, with random names made plain."""
    trace = folder.with_name("trace")
    names = ",".join(("fsync", "write", "ftruncate", *NAMES.values()))
    done = child(script, folder, *STRACE, str(trace), "-y", "-s", "0", f"--trace={names}")
    assert done.returncode == 0, done.stderr
    plain = re.sub(r"\.[0-9a-f]{16}\.pbl-tmp", ".tmp", trace.read_text()).replace(f"{folder}/", "")
    lines = (line.partition(" ")[2].strip() for line in plain.replace(str(folder), "FOLDER").splitlines())
    found = (re.match(r"(\w+)\((.*)\) += 0|(write)\(\d+(<[^>]*>)", line) for line in lines)
    return [
        " ".join([each[1] or each[3], *re.findall(r'[<"]([^>"]+)[>"]', each[2] or each[4])]) for each in found if each
    ]


def fresh(folder: Path, files: dict[str, bytes]) -> Path:
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    put(folder, files)
    return folder


# Whole files


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path):
    write_whole(tmp_path / "a.csv", b"x" * 3_000_000)
    assert content(tmp_path) == {"a.csv": b"x" * 3_000_000}
    write_whole(tmp_path / "a.csv", b"")
    assert content(tmp_path) == {"a.csv": b""}


def test_what_others_write_through_the_descriptor_is_published(tmp_path):
    with Drafts() as drafts:
        draft = drafts.new(tmp_path / "a.csv")
        Path(f"/proc/self/fd/{draft.fd}").write_bytes(b"from elsewhere")
        assert (draft.size, b"".join(draft.chunks(4))) == (14, b"from elsewhere")
        assert draft.sha256() == hashlib.sha256(b"from elsewhere").hexdigest()
        drafts.publish(draft)
    assert content(tmp_path) == {"a.csv": b"from elsewhere"}


@pytest.mark.parametrize("way_out", [KeyboardInterrupt, SystemExit, ValueError, None])
def test_what_was_not_published_is_gone_on_every_way_out(tmp_path, way_out):
    put(tmp_path, {"a.csv": b"old"})
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(way_out) if way_out else Drafts(), Drafts() as drafts:
        drafts.new(tmp_path / "a.csv").write(b"new")
        drafts.new(tmp_path / "b.csv")
        if way_out:
            raise way_out
    assert content(tmp_path) == {"a.csv": b"old"}
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_temporary_is_beside_its_target_hidden_and_private_to_this_process(tmp_path):
    with Drafts() as drafts:
        draft = drafts.new(tmp_path / "a.csv")
        assert re.fullmatch(r"\.a\.csv\.[0-9a-f]{16}\.pbl-tmp", draft.path.name)
        assert draft.path.parent == draft.target.parent == tmp_path
        assert not os.get_inheritable(draft.fd)


@pytest.mark.parametrize("name", ["n" * 255, "ü" * 127, "n" * 251 + ".csv"])
def test_the_longest_names_can_be_written(tmp_path, name):
    for data in (b"one", b"two"):
        write_whole(tmp_path / name, data)
        with Drafts() as drafts:
            submission, recipe = drafts.new(tmp_path / name), drafts.new(tmp_path / "r")
            submission.write(data)
            drafts.publish(submission, note=recipe)
        assert content(tmp_path) == {name: data, "r": b""}


def test_a_new_file_has_the_mode_of_the_umask_and_a_replaced_one_keeps_its_own(tmp_path):
    before = os.umask(0o027)
    try:
        write_whole(tmp_path / "a", b"")
        put(tmp_path, {"b": b"old"})
        (tmp_path / "b").chmod(0o604)
        write_whole(tmp_path / "b", b"")
    finally:
        os.umask(before)
    assert [stat.S_IMODE((tmp_path / name).stat().st_mode) for name in "ab"] == [0o640, 0o604]


@pytest.mark.parametrize("there", [True, False])
def test_a_link_is_followed_and_stays_a_link(tmp_path, there):
    (tmp_path / "real").mkdir()
    (tmp_path / "out").mkdir()
    if there:
        put(tmp_path / "real", {"r.csv": b"old", "l.csv": HEAD})
    for name in "rl":
        (tmp_path / "out" / f"{name}.csv").symlink_to(f"../real/{name}.csv")
    write_whole(tmp_path / "out/r.csv", b"new")
    append_rows(tmp_path / "out/l.csv", header=HEADER, rows=[("p", "m", "n")])
    assert content(tmp_path / "real") == {"r.csv": b"new", "l.csv": HEAD + b"p,m,n\n"}
    assert all(path.is_symlink() for path in (tmp_path / "out").iterdir())


def test_what_is_no_regular_file_is_refused_with_the_remedy(tmp_path):
    os.mkfifo(tmp_path / "fifo")
    (tmp_path / "folder").mkdir()
    (tmp_path / "loop").symlink_to("loop")
    expected = {
        "fifo": "no regular file.*`--output -`",
        "/dev/full": "/dev/full: is no regular file.*`--output -`",
        "/dev/null": "no regular file",
        "folder": "is a folder",
        "loop": "circle of symbolic links",
        "none/a.csv": f"there is no folder {tmp_path}/none",
        "fifo/a.csv": "isn't a folder",
        "a\0b": "NUL",
        "n" * 256: "too long",
    }
    for name, message in expected.items():
        with pytest.raises(OutputError, match=message):
            write_whole(tmp_path / name, b"")
        if name != "none/a.csv":
            with pytest.raises(LogError, match=message.partition(".*")[0]):
                append_rows(tmp_path / name, header=HEADER, rows=[])
    assert {path.name for path in tmp_path.iterdir()} == {"fifo", "folder", "loop"}


@pytest.mark.parametrize("links", [True, False])
def test_without_replace_a_file_that_is_there_stays(tmp_path, monkeypatch, links):
    def no_link(*_: object) -> None:
        raise OSError(errno.EPERM, "no links here")

    if not links:
        monkeypatch.setattr(os, "link", no_link)
    write_whole(tmp_path / "s.csv", b"first", replace=False)
    assert content(tmp_path) == {"s.csv": b"first"}
    with pytest.raises(OutputError, match=r"s\.csv: not written: it exists already"):
        write_whole(tmp_path / "s.csv", b"second", replace=False)
    put(tmp_path, {"s.recipe.json": b"recipe of first"})
    with pytest.raises(OutputError, match="exists already"):
        publish(tmp_path, replace=False)
    assert content(tmp_path) == pair(b"first")
    (tmp_path / "s.csv").unlink()
    publish(tmp_path, replace=False)
    assert content(tmp_path) == pair(b"new")


def test_other_bytes_on_the_disk_than_were_written_are_not_published(tmp_path, monkeypatch):
    put(tmp_path, {"a": b"old"})
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: real(fd, size, at).replace(b"new", b"neu"))
    with pytest.raises(OutputError, match="other bytes"):
        write_whole(tmp_path / "a", b"new")
    assert content(tmp_path) == {"a": b"old"}


@pytest.mark.parametrize("replaced", [True, False])
def test_a_temporary_that_others_removed_or_replaced_is_not_published(tmp_path, replaced):
    put(tmp_path, {**pair(b"old"), "other": b"other"})
    with Drafts() as drafts:
        submission, recipe = drafts.new(tmp_path / "s.csv"), drafts.new(tmp_path / "s.recipe.json")
        if replaced:
            (tmp_path / "other").rename(submission.path)
        else:
            submission.path.unlink()
        with pytest.raises(OutputError, match=r"s\.csv: not written: another program removed or replaced"):
            drafts.publish(submission, note=recipe)
    (tmp_path / "other").unlink(missing_ok=True)
    assert content(tmp_path) == pair(b"old")


def test_short_writes_are_carried_on(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:3]))
    write_whole(tmp_path / "a", b"0123456789")
    append(tmp_path)
    assert content(tmp_path) == {"a": b"0123456789", "log.csv": HEAD + b"p,m,n\n"}


def test_a_private_folder_is_private_and_gone_with_all_in_it(tmp_path):
    with pytest.raises(ZeroDivisionError), private_folder(tmp_path) as folder:  # noqa: PT012
        assert stat.S_IMODE(folder.stat().st_mode) == 0o700
        assert folder.parent == tmp_path
        (folder / "deep" / "er").mkdir(parents=True)
        put(folder / "deep" / "er", {"spill": b"x"})
        (folder / "link").symlink_to(tmp_path.parent)
        raise ZeroDivisionError
    assert content(tmp_path) == {}
    with pytest.raises(OutputError, match="none"), private_folder(tmp_path / "none"):
        pass


def test_a_folder_that_others_keep_locked_is_an_error_and_no_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(writing, "_LOCK_TRIES", 3)
    put(tmp_path, pair(b"old"))
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="keeps this folder locked"):
            publish(tmp_path)
    finally:
        os.close(held)
    assert content(tmp_path) == pair(b"old")


def test_start_up_loads_no_slow_module():
    script = (
        "import sys, pbl.storage.commit; "
        "print(*{'tempfile', 'subprocess', 'shutil', 'polars', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], env=ENV, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@needs_strace
def test_what_is_renamed_is_durable_and_so_is_the_rename(tmp_path):
    folder = fresh(tmp_path / "f", pair(b"old"))
    assert order(PUBLISH, folder) == [
        "write .s.csv.tmp",
        "write .s.recipe.json.tmp",
        "fsync .s.csv.tmp",
        "fsync .s.recipe.json.tmp",
        "link s.csv .s.csv.pbl-old",
        "rename .s.recipe.json.tmp .s.recipe.json.pbl-new",
        "rename s.recipe.json .s.recipe.json.pbl-old",
        "fsync FOLDER",
        "rename .s.csv.tmp s.csv",
        "fsync FOLDER",
        "rename .s.recipe.json.pbl-new s.recipe.json",
        "fsync FOLDER",
        "unlink .s.csv.pbl-old",
        "unlink .s.recipe.json.pbl-old",
    ]
    assert order('write_whole(folder / "s.csv", b"new")', folder)[:5] == [
        "write .s.csv.tmp",
        "fsync .s.csv.tmp",
        "fsync .s.csv.tmp",
        "link s.csv .s.csv.tmp",
        "rename .s.csv.tmp s.csv",
    ]


@needs_strace
def test_a_row_is_one_write_and_durable_and_torn_bytes_are_durable_before_they_leave_the_log(tmp_path):
    folder = fresh(tmp_path / "f", {})
    assert order(APPEND, folder) == ["write log.csv", "fsync log.csv", "fsync FOLDER"]
    assert order(APPEND, folder) == ["write log.csv", "fsync log.csv", "fsync FOLDER"]
    fresh(folder, {"log.csv": HEAD + b"a,b"})
    assert order(APPEND, folder) == [
        "write .log.csv.torn-1.tmp",
        "fsync .log.csv.torn-1.tmp",
        "fsync .log.csv.torn-1.tmp",
        "link .log.csv.torn-1.tmp log.csv.torn-1",
        "unlink .log.csv.torn-1.tmp",
        "fsync FOLDER",
        "ftruncate log.csv",
        "write log.csv",
        "fsync log.csv",
        "fsync FOLDER",
    ]


# The pair: a submission and its recipe


STARTS = {"nothing": {}, "a pair": pair(b"old"), "an edited submission": {**pair(b"old"), "s.csv": b"mine"}}


@pytest.mark.parametrize("start", STARTS)
def test_a_pair_is_published_together(tmp_path, start):
    put(tmp_path, STARTS[start])
    publish(tmp_path)
    assert content(tmp_path) == pair(b"new")
    assert healed(tmp_path) == ()
    assert content(tmp_path) == pair(b"new")


WALKED = [("a pair", kind) for kind in ("write", "fsync", "rename", "link")]
WALKED += [(start, kind) for start in ("nothing", "an edited submission") for kind in ("fsync", "rename")]


@needs_strace
@pytest.mark.parametrize(("start", "kind"), WALKED)
def test_a_fault_in_any_call_leaves_the_old_pair_or_the_new_one_and_no_temporary(tmp_path, start, kind):
    folder = fresh(tmp_path / "f", STARTS[start])
    for when in range(1, calls(PUBLISH, folder, kind) + 1):
        for lasting, error in FAULTS if start == "a pair" else FAULTS[:2]:
            fresh(folder, STARTS[start])
            done = injected(PUBLISH, folder, f"{kind}:error={error}:when={when}{lasting}")
            if done.returncode == 0:
                assert content(folder) == pair(b"new"), (when, lasting)
                assert kind == "rename"
            else:
                assert (done.returncode, content(folder)) == (2, STARTS[start]), (when, lasting, done.stderr)
                assert REASONS[error] in done.stderr
                assert "not written" in done.stderr


@needs_strace
@pytest.mark.parametrize(("start", "kind"), [*((start, "unlink") for start in STARTS), *WALKED])
def test_killed_at_any_call_a_recipe_describes_its_submission_and_the_next_start_heals(tmp_path, start, kind):
    folder = fresh(tmp_path / "f", STARTS[start])
    before = content(folder)
    for when in range(1, calls(PUBLISH, folder, kind) + 1):
        fresh(folder, before)
        assert injected(PUBLISH, folder, f"{kind}:signal=KILL:when={when}").returncode == -signal.SIGKILL
        after = content(folder)
        assert after.get("s.csv") in {before.get("s.csv"), b"new"}
        if after.get("s.csv") != before.get("s.csv"):
            assert after.get("s.recipe.json", b"recipe of new") == b"recipe of new", when
        else:
            assert after.get("s.recipe.json") in {before.get("s.recipe.json"), None}, when
        assert healed(folder) == ()
        left = {name: data for name, data in content(folder).items() if not name.endswith(".pbl-tmp")}
        assert left in (before, pair(b"new")), when
        publish(folder, b"newer")
        assert content(folder).items() >= pair(b"newer").items()


@needs_strace
@pytest.mark.parametrize("kind", ["rename", "fsync"])
def test_without_hard_links_the_pair_still_never_lies(tmp_path, kind):
    no_links = "link:error=EPERM"
    folder = fresh(tmp_path / "f", pair(b"old"))
    for when in range(1, calls(PUBLISH, folder, kind) + 1):
        for fault in (f"error=EIO:when={when}", f"error=EIO:when={when}+", f"signal=KILL:when={when}"):
            fresh(folder, pair(b"old"))
            done = injected(PUBLISH, folder, no_links, f"{kind}:{fault}")
            after = content(folder)
            assert after["s.csv"] in {b"old", b"new"}
            assert after.get("s.recipe.json") in {None, b"recipe of " + after["s.csv"]}, (when, fault, done.stderr)
            if "KILL" not in fault:
                assert not [name for name in after if name.endswith(".pbl-tmp")]
            assert healed(folder) == ()
            left = {name: data for name, data in content(folder).items() if not name.endswith(".pbl-tmp")}
            assert left in (pair(b"old"), pair(b"new")), (when, fault)


@needs_strace
@pytest.mark.parametrize("when", [2, 3, 4])
def test_with_renames_and_links_all_failing_the_recipe_is_copied(tmp_path, when):
    put(tmp_path, pair(b"old"))
    done = injected(PUBLISH, tmp_path, f"rename:error=EIO:when={when}+", "link:error=EIO:when=2+")
    assert content(tmp_path) == pair(b"new" if when == 4 else b"old"), done.stderr
    assert done.returncode == (0 if when == 4 else 2)


@needs_strace
def test_with_renames_alone_failing_the_recipe_is_linked_and_never_half_written(tmp_path):
    put(tmp_path, pair(b"old"))
    done = injected(PUBLISH, tmp_path, "rename:error=EIO:when=4+", "write:error=EIO:when=3+")
    assert (done.returncode, content(tmp_path)) == (0, pair(b"new")), done.stderr


@needs_strace
def test_with_unlinks_failing_the_pair_never_lies(tmp_path):
    for fault in ([], ["fsync:error=EIO:when=4"], ["fsync:error=EIO:when=5"], ["rename:error=EIO:when=4"]):
        folder = fresh(tmp_path / "f", pair(b"old"))
        injected(PUBLISH, folder, "unlink:error=EIO", *fault)
        after = content(folder)
        assert after["s.recipe.json"] == b"recipe of " + after["s.csv"], fault
        healed(folder)
        assert content(folder).items() >= {"s.csv": after["s.csv"], "s.recipe.json": after["s.recipe.json"]}.items()
        publish(folder, b"newer")


@pytest.mark.parametrize("call", ["fsync", "link", "rename"])
@pytest.mark.parametrize("done_first", [True, False])
def test_interrupted_at_any_call_the_pair_is_the_old_or_the_new_one(tmp_path, monkeypatch, call, done_first):
    for when in range(1, 7):
        folder = fresh(tmp_path / "f", pair(b"old"))
        owner = Path if call == "rename" else os
        real, seen = getattr(owner, call), count(1)

        def interrupting(*args: object, real=real, seen=seen, when=when) -> object:
            now = next(seen) == when
            if now and not done_first:
                raise KeyboardInterrupt
            result = real(*args)
            if now:
                raise KeyboardInterrupt
            return result

        with monkeypatch.context() as patch:
            patch.setattr(owner, call, interrupting)
            try:
                publish(folder)
                expected = pair(b"new")
            except KeyboardInterrupt:
                expected = pair(b"old")
        assert content(folder) == expected, when


def test_a_leftover_of_another_run_is_not_written_over(tmp_path):
    put(tmp_path, {**pair(b"old"), ".s.csv.pbl-old": b"older"})
    with pytest.raises(OutputError, match=r"\.s\.csv\.pbl-old: left by a run that was cut short"):
        publish(tmp_path)
    assert content(tmp_path) == {**pair(b"old"), ".s.csv.pbl-old": b"older"}


OLD, ASIDE, FRESH = ".s.csv.pbl-old", ".s.recipe.json.pbl-old", ".s.recipe.json.pbl-new"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"s.csv": b"new", OLD: b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"}, pair(b"new")),
        ({"s.csv": b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"}, pair(b"old")),
        ({**pair(b"new"), OLD: b"old", ASIDE: b"recipe of old"}, pair(b"new")),
        ({OLD: b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"}, pair(b"old")),
        ({ASIDE: b"recipe of old", FRESH: b"recipe of new"}, {"s.recipe.json": b"recipe of old"}),
        ({FRESH: b"recipe of new"}, {}),
        (
            {"s.csv": b"mine", OLD: b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"},
            {
                "s.csv": b"mine",
                "s.csv.kept-1": b"old",
                "s.recipe.json.kept-1": b"recipe of old",
                "s.recipe.json.kept-2": b"recipe of new",
            },
        ),
        (
            {"s.csv": b"new", "s.recipe.json": b"mine", FRESH: b"recipe of new", "s.recipe.json.kept-1": b"else"},
            {**pair(b"new"), "s.recipe.json.kept-1": b"else", "s.recipe.json.kept-2": b"mine"},
        ),
        ({"s.recipe.json": b"mine", ASIDE: b"old"}, {"s.recipe.json": b"mine", "s.recipe.json.kept-1": b"old"}),
    ],
)
def test_recovery_never_destroys_the_only_copy_of_what_was_published(tmp_path, found, expected):
    put(tmp_path, found)
    kept = healed(tmp_path)
    assert content(tmp_path) == expected
    assert {path.name for path in kept} == {name for name in expected if "kept" in name and name not in found}


def test_many_publishers_leave_one_whole_pair_and_a_reader_never_sees_a_lie(tmp_path):
    script = """
for n in range(15):
    recover(folder / "s.csv", folder / "s.recipe.json", fits)
    publish(f"{sys.argv[2]} {n}".encode())
"""
    command = [sys.executable, "-S", "-c", PREAMBLE + script, str(tmp_path)]
    running = [subprocess.Popen([*command, f"by {n}"], env=ENV, stderr=subprocess.PIPE) for n in range(4)]
    while any(each.poll() is None for each in running):
        try:
            seen = [(tmp_path / name).read_bytes() for name in ("s.csv", "s.recipe.json", "s.csv")]
        except FileNotFoundError:
            continue
        assert seen[0] != seen[2] or seen[1] == b"recipe of " + seen[0]
    assert [(each.communicate()[1], each.returncode) for each in running] == [(b"", 0)] * 4
    assert content(tmp_path) in [pair(f"by {n} 14".encode()) for n in range(4)]


def test_a_sweep_from_another_thread_leaves_no_temporary_and_nothing_half_done(tmp_path):
    script = """
import threading, time
def end():
    time.sleep(float(sys.argv[2])); sweep(); os._exit(130)
threading.Thread(target=end).start()
with private_folder(folder) as spill:
    (spill / "x").write_bytes(b"x")
    while True: publish(b"new"); append_rows(folder / "log.csv", header=("a",), rows=[("r" * 5000,)])
"""
    for delay in range(8):
        folder = fresh(tmp_path / "f", pair(b"old"))
        command = [sys.executable, "-S", "-c", PREAMBLE + script, str(folder), str(0.005 + delay * 0.0041)]
        assert subprocess.run(command, env=ENV, timeout=20, check=False).returncode == 130
        after = content(folder)
        log = after.pop("log.csv", b"")
        assert after in (pair(b"old"), pair(b"new"))
        assert log == b"" or re.fullmatch(rb"a\n(r{5000}\n)+", log)


def test_a_sweep_removes_a_folder_that_others_go_on_filling(tmp_path):
    script = """
import itertools, threading, time
def fill(spill, who):
    for n in itertools.count():
        try: (spill / f"{who}-{n}").write_bytes(b"x" * 100)
        except FileNotFoundError: time.sleep(0.001)
with private_folder(folder) as spill:
    for who in range(3):
        threading.Thread(target=fill, args=(spill, who), daemon=True).start()
    time.sleep(0.3); sweep(); time.sleep(0.2); os._exit(len(list(folder.iterdir())))
"""
    for _ in range(3):
        assert child(script, tmp_path).returncode == 0


@pytest.mark.parametrize("shell", [True, False], ids=["sh", "no sh"])
def test_a_sweep_leaves_what_takes_long_to_a_process_that_outlives_its_own(shell, tmp_path_factory, tmp_path):
    """Where there is no shell, it takes the time itself."""
    slow = tmp_path_factory.mktemp("bin") / "rm"
    slow.write_text('#!/bin/sh\nsleep 1; exec /bin/rm "$@"\n')
    slow.chmod(0o755)
    path = f"{slow.parent}:{os.environ['PATH']}" if shell else "/nowhere"
    script = f"""
import fcntl, time
os.environ["PATH"] = {path!r}
from pbl.storage import temporary
remove = temporary._remove
def slowly(path):
    if path.name == "99": time.sleep({60 if shell else 1})
    remove(path)
temporary._remove, temporary._SWEEP_S = slowly, 0.1
with private_folder(folder) as spill:
    (spill / "inner").mkdir()
    for n in range(100): (spill / "inner" / str(n)).write_bytes(b"x")
    with open(folder / "other", "w") as lock:
        os.set_inheritable(lock.fileno(), True)
        fcntl.flock(lock, fcntl.LOCK_EX)
        os._exit(7 if sweep() is {not shell} else 8)
"""
    assert child(script, tmp_path).returncode == 7
    with (tmp_path / "other").open("r+") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    for _ in range(500):
        if sorted(path.name for path in tmp_path.iterdir()) == ["other"]:
            return
        time.sleep(0.02)
    pytest.fail("it is still there")


def test_a_sweep_passes_over_what_cannot_be_removed(tmp_path):
    script = """
from pbl.storage import temporary
with private_folder(folder) as spill, Drafts() as drafts:
    drafts.new(folder / "x.csv")
    rename = Path.rename
    Path.rename = lambda self, to: rename(self, "/nowhere/at/all" if self.is_dir() else to)
    temporary.live[Path("/nowhere/at/all")] = None
    sweep(); os._exit(len([path for path in folder.iterdir() if path.is_file()]))
"""
    assert child(script, tmp_path).returncode == 0


def test_a_sweep_removes_a_folder_that_is_being_removed(tmp_path):
    script = """
import threading, time
from pbl.storage import temporary
remove = temporary._remove
def slowly(path):
    if threading.current_thread() is threading.main_thread() and path.name == "1": time.sleep(60)
    remove(path)
temporary._remove = slowly
def end():
    time.sleep(0.3); sweep(); os._exit(7)
threading.Thread(target=end).start()
with private_folder(folder) as spill:
    for n in range(3): (spill / str(n)).write_bytes(b"x")
"""
    assert child(script, tmp_path).returncode == 7
    assert content(tmp_path) == {}


def test_a_sweep_waits_until_a_failed_append_is_undone(tmp_path):
    script = """
import threading, time
def end():
    sweep(); os._exit(130)
def failing(_):
    threading.Thread(target=end).start(); time.sleep(0.2); raise OSError(5, "EIO")
os.fsync = failing
"""
    put(tmp_path, {"log.csv": HEAD})
    assert child(script + APPEND, tmp_path).returncode in {2, 130}
    assert content(tmp_path) == {"log.csv": HEAD}


# Real limits


def test_a_limit_on_file_sizes_is_said_and_leaves_the_old_file(tmp_path):
    limit = "import resource; resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))\n"
    put(tmp_path, {"a": b"old", "log.csv": HEAD + b"x" * 8000 + b",y,z\n"})
    before = content(tmp_path)
    for deed in (
        'write_whole(folder / "a", b"n" * 9000)',
        'append_rows(folder / "log.csv", header=("pillar", "model", "notes"), rows=[("r" * 300, "", "")])',
    ):
        done = child(f"{limit}attempt(lambda: {deed})", tmp_path)
        assert done.returncode == 2
        assert "limit on file sizes" in done.stderr
        assert content(tmp_path) == before


def test_on_a_full_or_read_only_disk_the_old_files_stay(tmp_path):
    script = """
(folder / "s.csv").write_bytes(b"old"); (folder / "s.recipe.json").write_bytes(b"recipe of old")
append_rows(folder / "log.csv", header=("a",), rows=[("first",)])
before = {p.name: p.read_bytes() for p in folder.iterdir()}
def refused(deed, reason):
    try: deed()
    except PblError as error: assert reason in str(error), error
    else: raise AssertionError(deed)
    assert {p.name: p.read_bytes() for p in folder.iterdir()} == before, os.listdir(folder)
refused(lambda: publish(b"n" * 400_000), "the disk is full")
refused(lambda: write_whole(folder / "s.csv", b"n" * 400_000), "the disk is full")
refused(lambda: append_rows(folder / "log.csv", header=("a",), rows=[("r" * 400_000,)]), "the disk is full")
refused(lambda: append_rows(folder / "new.csv", header=("a",), rows=[("r" * 400_000,)]), "the disk is full")
os.system(f"mount -o remount,ro '{folder}'")
refused(publish, "read-only")
refused(lambda: append_rows(folder / "log.csv", header=("a",), rows=[("r",)]), "read-only")
print("shown")
"""
    if (
        not shutil.which("unshare")
        or subprocess.run(["unshare", "-m", "true"], check=False, capture_output=True).returncode
    ):
        pytest.skip("unshare -m isn't allowed here: no small disk can be mounted")
    mount = 'mount -t tmpfs -o size=256k tmpfs "$0" || { echo no mount; exit 0; }; exec "$@"'
    done = child(script, tmp_path, "unshare", "-m", "sh", "-c", mount, str(tmp_path))
    if "no mount" in done.stdout:
        pytest.skip("a tmpfs can't be mounted here")
    assert (done.stdout, done.stderr) == ("shown\n", "")


def test_in_a_folder_that_only_others_may_write_nothing_changes():
    if os.geteuid() or not shutil.which("setpriv"):
        pytest.skip("only root can become somebody else with setpriv")
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        put(folder, {**pair(b"old"), "log.csv": HEAD})
        folder.chmod(0o755)
        for path in folder.iterdir():
            path.chmod(0o644)
        user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
        if child("", folder, *user).returncode:
            pytest.skip("nobody can't read this project")
        for script in (PUBLISH, APPEND, APPEND.replace("log.csv", "new.csv"), APPEND.replace("log.csv", "new/new.csv")):
            done = child(script, folder, *user)
            assert (done.returncode, "permission denied" in done.stderr) == (2, True)
            assert content(folder) == {**pair(b"old"), "log.csv": HEAD}


# The log


def test_a_new_log_has_its_header_once_and_then_rows(tmp_path):
    path = tmp_path / "run_logs" / "log.csv"
    first = append_rows(path, header=HEADER, rows=[("a", "b", "c"), ("d", "e", "f")])
    assert first == Appended(path=path, created=True, rows=2, set_aside=None, completed=False)
    second = append_rows(path, header=HEADER, rows=[("ü", 'q"', "two\r\nlines,")])
    assert second == Appended(path=path, created=False, rows=1, set_aside=None, completed=False)
    assert path.read_bytes() == HEAD + b'a,b,c\nd,e,f\n\xc3\xbc,"q""","two\r\nlines,"\n'
    with pytest.raises(LogError, match="the folder isn't there"):
        append_rows(tmp_path / "no" / "run_logs" / "log.csv", header=HEADER, rows=[])


@pytest.mark.parametrize("mark", [b"", b"\xef\xbb\xbf"])
@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_a_log_keeps_its_line_ends_and_its_mark(tmp_path, mark, end):
    put(tmp_path, {"log.csv": mark + HEAD.strip() + end})
    assert not append(tmp_path, ("a", "b", "x\ny"), ("c", "d", "e")).created
    assert content(tmp_path) == {"log.csv": mark + HEAD.strip() + end + b'a,b,"x\ny"' + end + b"c,d,e" + end}


def test_a_mark_alone_is_an_empty_log(tmp_path):
    put(tmp_path, {"log.csv": b"\xef\xbb\xbf"})
    assert append(tmp_path).created
    assert content(tmp_path) == {"log.csv": b"\xef\xbb\xbf" + HEAD + b"p,m,n\n"}


@pytest.mark.parametrize(
    "found",
    [
        b"pillar,model,processed_cv\nSigLIP,cat,0.78\n",
        b"Pillar,model,notes\n",
        b"pillar,model,notes,more\n",
        b"pillar,model\n",
        b"\npillar,model,notes\n",
        b"pillar;model;notes\n",
        b"\xff\xfep\0i\0",
        b"hello",
        b"pillar,model,nots",
        b'"pillar,model,notes\n',
        b"\0\0\0",
    ],
)
def test_a_log_of_another_shape_is_left_alone_and_another_label_is_named(tmp_path, found):
    put(tmp_path, {"log.csv": found})
    with pytest.raises(LogError, match=r"log\.csv: not logged: its columns are .* use another --label"):
        append(tmp_path)
    assert content(tmp_path) == {"log.csv": found}


@pytest.mark.parametrize(
    ("torn", "expected", "aside"),
    [
        (b"d,e,f", b"d,e,f\n", None),
        (b"d,e,", b"d,e,\n", None),
        (b'd,e,"f\ng"', b'd,e,"f\ng"\n', None),
        (b"d,e,f\r", b"d,e,f\r\n", None),
        (b"d,e", b"", b"d,e"),
        (b"d", b"", b"d"),
        (b'd,e,"f', b"", b'd,e,"f'),
        (b'd,e,"f\n', b"", b'd,e,"f\n'),
        (b'd,"e,f', b"", b'd,"e,f'),
        (b"d,e,f,g", b"", b"d,e,f,g"),
        (b"d,e,\xc3", b"", b"d,e,\xc3"),
        (b"d,e,\0\0", b"", b"d,e,\0\0"),
        (b"\0" * 5000, b"", b"\0" * 5000),
    ],
)
def test_a_torn_tail_is_completed_if_it_is_whole_and_else_set_aside(tmp_path, torn, expected, aside):
    put(tmp_path, {"log.csv": HEAD + b"a,b,c\n" + torn, "log.csv.torn-1": b"earlier"})
    result = append(tmp_path)
    assert result.completed == (aside is None)
    assert result.set_aside == (None if aside is None else tmp_path / "log.csv.torn-2")
    found = content(tmp_path)
    assert found.pop("log.csv") == HEAD + b"a,b,c\n" + expected + b"p,m,n\n"
    assert found == {"log.csv.torn-1": b"earlier", **({"log.csv.torn-2": aside} if aside is not None else {})}


@pytest.mark.parametrize("end", [b"\n", b"\r\n"])
def test_cut_anywhere_a_log_takes_the_next_row_and_loses_no_byte(tmp_path, end):
    whole = HEAD.replace(b"\n", end) + ROWS.replace(b"\n", end)
    for cut in range(len(whole) + 1):
        folder = fresh(tmp_path / "f", {"log.csv": whole[:cut]})
        result = append(folder)
        found = content(folder)
        log = found["log.csv"]
        rows = records(log)
        assert rows[0] == list(HEADER)
        assert rows[-1] == ["p", "m", "n"]
        assert {len(row) for row in rows} == {3}
        aside = b"".join(data for name, data in found.items() if name != "log.csv")
        kept = whole[: cut - len(aside)]
        assert whole[:cut] == kept + aside
        assert log.startswith(kept)
        assert result.completed == (len(log) > len(kept) and not aside and not kept.endswith(end) and bool(kept))


@settings(max_examples=40, deadline=None)
@given(
    st.lists(
        st.lists(st.text(st.characters(exclude_characters="\0", exclude_categories=["Cs"])), min_size=3, max_size=3),
        max_size=4,
    )
)
def test_every_cell_reads_back_as_it_was(rows):
    with tempfile.TemporaryDirectory() as name:
        append(Path(name), *map(tuple, rows), ("p", "m", "n"))
        append(Path(name))
        assert records((Path(name) / "log.csv").read_bytes()) == [list(HEADER), *rows, ["p", "m", "n"], ["p", "m", "n"]]


@pytest.mark.parametrize("cell", ["a\rb", "a\nb", "\r", "", '"', ",", "\ufeff", " a ", "ü\u2028"])
def test_an_odd_cell_reads_back_as_it_was(tmp_path, cell):
    append(tmp_path, (cell, "m", cell))
    append(tmp_path)
    assert records(content(tmp_path)["log.csv"])[1:] == [[cell, "m", cell], ["p", "m", "n"]]


def test_a_nul_is_refused_and_bytes_of_no_text_are_spelt_out(tmp_path):
    with pytest.raises(LogError, match="NUL"):
        append(tmp_path, ("a", "b\0", "c"))
    assert content(tmp_path) == {}
    append(tmp_path, ("a", os.fsdecode(b"\xff.csv"), "c"))
    assert content(tmp_path) == {"log.csv": HEAD + b"a,\\udcff.csv,c\n"}


LOGS = {
    "no log": None,
    "a log": HEAD + b"a,b,c\n",
    "a torn log": HEAD + b"a,b,c\nd,e",
    "a log without its last line end": HEAD + b"a,b,c",
}


@needs_strace
@pytest.mark.parametrize("start", LOGS)
def test_a_fault_in_any_call_leaves_the_log_as_it_was(tmp_path, start):
    before = {} if LOGS[start] is None else {"log.csv": LOGS[start]}
    folder = fresh(tmp_path / "f", before)
    numbers = {kind: calls(APPEND, fresh(folder, before), kind) for kind in ("write", "fsync", "link")}
    assert numbers["write"] == (2 if start == "a torn log" else 1)
    for kind, number in numbers.items():
        for when in range(1, number + 1):
            for lasting, error in FAULTS if start == "a log" else FAULTS[:2]:
                fresh(folder, before)
                done = injected(APPEND, folder, f"{kind}:error={error}:when={when}{lasting}")
                assert (done.returncode, REASONS[error] in done.stderr) == (2, True), (kind, when, lasting, done.stderr)
                assert "log.csv: not logged" in done.stderr
                after = content(folder)
                aside = after.pop("log.csv.torn-1", b"")
                assert {name: data + aside for name, data in after.items()} == before, (kind, when, lasting)


@needs_strace
@pytest.mark.parametrize("start", LOGS)
def test_killed_at_any_call_the_log_keeps_every_byte_and_takes_the_next_row(tmp_path, start):
    before = {} if LOGS[start] is None else {"log.csv": LOGS[start]}
    folder = fresh(tmp_path / "f", before)
    for kind in ("write", "fsync", "link", "ftruncate", "unlink"):
        for when in range(1, calls(APPEND, fresh(folder, before), kind) + 1):
            fresh(folder, before)
            assert injected(APPEND, folder, f"{kind}:signal=KILL:when={when}").returncode == -signal.SIGKILL
            append(folder, ("next", "", ""))
            after = content(folder)
            rows = records(after["log.csv"])
            assert (rows[0], rows[-1], {len(row) for row in rows}) == (list(HEADER), ["next", "", ""], {3})
            assert rows.count(list(HEADER)) == 1
            if start != "no log":
                assert ["a", "b", "c"] in rows
            if start == "a torn log":
                assert b"d,e" in {data for name, data in after.items() if ".torn-" in name}


@needs_strace
def test_when_even_the_way_back_fails_the_log_says_so(tmp_path):
    put(tmp_path, {"log.csv": HEAD})
    done = injected(APPEND, tmp_path, "fsync:error=EIO:when=1+", "ftruncate:error=EIO")
    assert (done.returncode, "log.csv: perhaps logged" in done.stderr) == (2, True)
    assert content(tmp_path) == {"log.csv": HEAD + b"p,m,n\n"}


def test_an_interrupted_append_leaves_the_log_as_it_was(tmp_path, monkeypatch):
    def interrupted(_: int) -> None:
        raise KeyboardInterrupt

    put(tmp_path, {"log.csv": HEAD})
    monkeypatch.setattr(os, "fsync", interrupted)
    with pytest.raises(KeyboardInterrupt):
        append(tmp_path)
    assert content(tmp_path) == {"log.csv": HEAD}


APPENDER = """
for n in range(int(sys.argv[3])):
    append_rows(folder / "log.csv", header=("id", "notes"), rows=[(f"{sys.argv[2]}-{n}", "two\\nlines " * (n % 40))])
    os.write(1, f"{sys.argv[2]}-{n}\\n".encode())
"""


def appender(folder: Path, name: str, times: int) -> subprocess.Popen[bytes]:
    command = [sys.executable, "-S", "-c", PREAMBLE + APPENDER, str(folder), name, str(times)]
    return subprocess.Popen(command, env=ENV, stdout=subprocess.PIPE, stderr=subprocess.PIPE)


def test_of_many_appenders_none_loses_a_row_and_one_writes_the_header(tmp_path):
    running = [appender(tmp_path, str(n), 25) for n in range(16)]
    said = [each.communicate() for each in running]
    assert [error for _, error in said] == [b""] * 16
    rows = records((tmp_path / "log.csv").read_bytes())
    assert rows[0] == ["id", "notes"]
    assert sorted(row[0] for row in rows[1:]) == sorted(f"{p}-{n}" for p in range(16) for n in range(25))
    assert [path.name for path in tmp_path.iterdir()] == ["log.csv"]


def test_a_row_that_was_reported_is_there_however_the_appenders_are_killed(tmp_path):
    chance = random.Random(os.environ.get("PBL_SEED", "20"))  # noqa: S311
    reported: set[str] = set()
    for turn in range(4):
        running = [appender(tmp_path, f"{turn}.{n}", 10_000) for n in range(4)]
        for each in running:
            reported.add(each.stdout.readline().decode().strip())
        for each in running:
            time.sleep(chance.uniform(0, 0.05))
            each.kill()
        reported.update(name for each in running for name in each.communicate()[0].decode().split("\n")[:-1])
    append_rows(tmp_path / "log.csv", header=("id", "notes"), rows=[("last", "")])
    rows = records((tmp_path / "log.csv").read_bytes())
    names = [row[0] for row in rows]
    assert reported <= set(names)
    assert len(set(names)) == len(names)
    assert (names[0], names[-1], {len(row) for row in rows}) == ("id", "last", {2})


def test_a_log_that_its_failed_maker_removed_is_made_anew(tmp_path):
    path = tmp_path / "log.csv"
    maker = os.open(path, os.O_RDWR | os.O_CREAT)
    fcntl.flock(maker, fcntl.LOCK_EX)
    waiting = threading.Thread(target=append, args=(tmp_path,))
    waiting.start()
    time.sleep(0.1)
    path.unlink()
    os.close(maker)
    waiting.join(10)
    assert content(tmp_path) == {"log.csv": HEAD + b"p,m,n\n"}


@pytest.mark.parametrize(
    "cell", ["=1+1", "+cmd", "-2+3", "@x", "\tx", "\rx", "-", "=", "--1", "-inf", "-1e5x", "+1,5", "-0.5\n"]
)
def test_a_formula_is_defused(cell):
    assert defused(cell) == f"'{cell}"


@pytest.mark.parametrize("cell", ["", "-0.5", "+1", "-1e-5", "-.5", "+3.", "0.5", "a=b", "'=x", "ü", "{}", " =x"])
def test_what_is_no_formula_stays_as_it_is(cell):
    assert defused(cell) == cell
