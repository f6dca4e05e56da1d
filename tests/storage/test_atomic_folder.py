"""A folder is published whole, or what was there stays; what its disk refuses is said as for a file."""

from __future__ import annotations

import hashlib
import os

import pytest
from support.making import tree
from support.publishing import child

from pbl.domain.errors import OutputError
from pbl.storage import atomic_folder
from pbl.storage.atomic_folder import fill, new_folder


def make(target, data):
    with new_folder(target) as folder:
        (folder / "in").mkdir()
        fill(folder / "in" / "a", [data])


def test_a_new_folder_takes_the_place_of_the_old_one_and_nothing_else_is_left(tmp_path):
    make(tmp_path / "pack", b"old")
    (tmp_path / "pack" / "stray").write_bytes(b"")
    make(tmp_path / "pack", b"new")
    assert tree(tmp_path) == {"pack/in/a": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_what_fails_in_it_leaves_the_old_folder(tmp_path):
    make(tmp_path / "pack", b"old")
    with pytest.raises(ZeroDivisionError), new_folder(tmp_path / "pack") as folder:  # noqa: PT012
        fill(folder / "b", [b"new"])
        raise ZeroDivisionError
    assert tree(tmp_path) == {"pack/in/a": b"old"}


def test_a_filled_file_is_told_by_its_size_and_hash(tmp_path):
    assert fill(tmp_path / "a", [b"ab", b"", b"c"]) == (3, hashlib.sha256(b"abc").hexdigest())
    assert (tmp_path / "a").read_bytes() == b"abc"


def test_other_bytes_on_the_disk_than_were_written_are_found(tmp_path, monkeypatch):
    real = os.pread
    monkeypatch.setattr(os, "pread", lambda fd, size, at: real(fd, size, at).replace(b"new", b"neu"))
    with pytest.raises(OutputError, match="a: not written: the disk gives back other bytes"):
        fill(tmp_path / "a", [b"new"])


def test_without_an_exchange_in_one_step_there_are_two(tmp_path, monkeypatch):
    monkeypatch.setattr(atomic_folder, "_exchange", lambda *_: False)
    make(tmp_path / "pack", b"old")
    make(tmp_path / "pack", b"new")
    assert tree(tmp_path) == {"pack/in/a": b"new"}
    assert [path.name for path in tmp_path.iterdir()] == ["pack"]


def test_a_limit_on_file_sizes_is_said_in_the_words_of_a_file(tmp_path):
    script = """
import resource
from pbl.storage.atomic_folder import fill, new_folder
resource.setrlimit(resource.RLIMIT_FSIZE, (8192, 8192))
def make():
    with new_folder(folder / "pack") as inner: fill(inner / "a", [b"n" * 9000])
attempt(make)
"""
    done = child(script, tmp_path)
    said = f"{tmp_path}/pack: not written: the file would be larger than the limit on file sizes"
    assert (done.returncode, done.stderr) == (2, said)
    assert list(tmp_path.iterdir()) == []
