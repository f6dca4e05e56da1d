"""What is opened is a regular file, hashed in little memory; anything else is said for what it is."""

from __future__ import annotations

import errno
import fcntl
import hashlib
import os
import socket
import tempfile
import tracemalloc
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st
from support.publishing import put

from pbl.domain.errors import InputError, UnreadableError
from pbl.storage import files
from pbl.storage.files import hash_descriptor, hash_file, open_regular, read_bytes, sync_folder

OPENERS = [open_regular, read_bytes, hash_file]


@pytest.mark.parametrize("opener", OPENERS)
def test_what_is_no_regular_file_is_called_what_it_is_and_nothing_waits_for_it(tmp_path, opener):
    (tmp_path / "folder").mkdir()
    os.mkfifo(tmp_path / "fifo")
    with tempfile.TemporaryDirectory() as short, socket.socket(socket.AF_UNIX) as server:
        server.bind(f"{short}/s")  # a socket's whole path has 107 bytes at most
        kinds = {
            tmp_path / "folder": "a folder",
            tmp_path / "fifo": "a FIFO (named pipe)",
            Path("/dev/null"): "a device",
            Path(short, "s"): "a socket",
        }
        for path, kind in kinds.items():
            with pytest.raises(UnreadableError) as caught:
                opener(path)
            assert caught.value.reason == f"is {kind}, not a regular file"
            assert str(caught.value) == f"{path}: is {kind}, not a regular file"


@pytest.mark.parametrize("opener", OPENERS)
@pytest.mark.parametrize("name", ["none", "none/a", "a\0b", "\udfff"])
def test_what_is_not_there_is_no_such_file(tmp_path, opener, name):
    with pytest.raises(InputError, match="no such file") as caught:
        opener(tmp_path / name)
    assert not isinstance(caught.value, UnreadableError)


@pytest.mark.parametrize("opener", OPENERS)
def test_what_cannot_be_opened_says_why(tmp_path, opener):
    (tmp_path / "loop").symlink_to("loop")
    with pytest.raises(UnreadableError) as caught:
        opener(tmp_path / "loop")
    assert caught.value.reason == "cannot be opened: Too many levels of symbolic links"


@pytest.mark.parametrize("opener", [read_bytes, hash_file])
def test_what_cannot_be_read_to_its_end_says_why_and_is_closed(tmp_path, monkeypatch, opener):
    def fail(*_, **__):
        raise OSError(errno.EIO, "Input/output error")

    put(tmp_path, {"a": b"data"})
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    monkeypatch.setattr(os, "fdopen" if opener is read_bytes else "pread", fail)
    with pytest.raises(UnreadableError, match="a: cannot be read: Input/output error"):
        opener(tmp_path / "a")
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_an_open_file_is_not_handed_to_other_programs(tmp_path):
    put(tmp_path, {"a": b"data"})
    fd = open_regular(tmp_path / "a")
    assert not os.get_inheritable(fd)
    os.close(fd)


@given(data=st.binary(max_size=40), chunk=st.integers(1, 50), at=st.integers(0, 50))
def test_a_hash_is_that_of_all_bytes_whatever_the_chunk_and_the_position(data, chunk, at):
    with tempfile.TemporaryFile(buffering=0) as file, pytest.MonkeyPatch.context() as patch:
        file.write(data)
        file.seek(at)
        patch.setattr(files, "_CHUNK", chunk)
        assert hash_descriptor(file.fileno()) == hashlib.sha256(data).hexdigest()
        assert file.tell() == at


def test_a_hash_takes_little_memory_however_large_the_file_is(tmp_path):
    with (tmp_path / "large").open("wb") as file:
        file.truncate(64 << 20)
    tracemalloc.start()
    try:
        hash_file(tmp_path / "large")
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_more_than_is_sensible_is_not_read(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LIMIT", 3)
    put(tmp_path, {"a": b"abc", "b": b"abcd"})
    assert read_bytes(tmp_path / "a") == b"abc"
    with pytest.raises(InputError, match="b: has 4 bytes, more than the 3 that are read"):
        read_bytes(tmp_path / "b")


def test_a_log_that_another_keeps_locked_is_read_after_a_while(tmp_path, monkeypatch):
    monkeypatch.setattr(files, "_LOCK_TRIES", 3)
    put(tmp_path, {"a": b"abc"})
    with (tmp_path / "a").open() as held:
        fcntl.flock(held, fcntl.LOCK_EX)
        assert read_bytes(tmp_path / "a") == b"abc"


@pytest.mark.parametrize("number", [errno.EINVAL, errno.EOPNOTSUPP])
def test_a_file_system_without_durable_folders_is_taken_as_it_is(tmp_path, monkeypatch, number):
    def fail(_):
        raise OSError(number, os.strerror(number))

    monkeypatch.setattr(os, "fsync", fail)
    sync_folder(tmp_path)
