"""One small file is written whole, or what was there stays."""

from __future__ import annotations

import errno
import os
import stat

import pytest
from support.publishing import (
    HEAD,
    HEADER,
    append,
    content,
    pair,
    publish,
    put,
)

from pbl.domain.errors import LogError, OutputError
from pbl.storage.append_log import append_rows
from pbl.storage.atomic_write import write_whole
from pbl.storage.commit import Drafts


def test_a_file_is_written_whole_and_nothing_else_is_left(tmp_path):
    write_whole(tmp_path / "a.csv", b"x" * 3_000_000)
    assert content(tmp_path) == {"a.csv": b"x" * 3_000_000}
    write_whole(tmp_path / "a.csv", b"")
    assert content(tmp_path) == {"a.csv": b""}


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


def test_short_writes_are_carried_on(tmp_path, monkeypatch):
    real = os.write
    monkeypatch.setattr(os, "write", lambda fd, data: real(fd, bytes(data)[:3]))
    write_whole(tmp_path / "a", b"0123456789")
    append(tmp_path)
    assert content(tmp_path) == {"a": b"0123456789", "log.csv": HEAD + b"p,m,n\n"}
