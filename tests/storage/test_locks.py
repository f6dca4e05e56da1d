"""A lock keeps others out, is waited for or tried, and is no condition where a file system has none."""

from __future__ import annotations

import errno
import fcntl
import os
import threading
from contextlib import contextmanager

import pytest

from pbl.storage.locks import lock


@contextmanager
def opened(folder):
    """Open a folder anew: a lock belongs to what was opened, not to the process."""
    fd = os.open(folder, os.O_RDONLY)
    try:
        yield fd
    finally:
        os.close(fd)


def test_what_another_holds_is_not_locked_and_is_once_it_is_free(tmp_path):
    with opened(tmp_path) as mine:
        with opened(tmp_path) as other:
            assert lock(other)
            assert not lock(mine, tries=3)
            assert not lock(mine, shared=True, tries=1)
        assert lock(mine, tries=1)


def test_readers_share_and_keep_a_writer_out(tmp_path):
    with opened(tmp_path) as one, opened(tmp_path) as other, opened(tmp_path) as writer:
        assert lock(one, shared=True)
        assert lock(other, shared=True, tries=1)
        assert not lock(writer, tries=2)


@pytest.mark.parametrize("tries", [None, 1000])
def test_it_is_waited_for(tmp_path, tries):
    with opened(tmp_path) as mine:
        other = os.open(tmp_path, os.O_RDONLY)
        assert lock(other)
        threading.Timer(0.05, os.close, [other]).start()
        assert lock(mine, tries=tries)
        with opened(tmp_path) as third:
            assert not lock(third, tries=1)


@pytest.mark.parametrize("tries", [None, 1, 3])
def test_a_file_system_without_locks_is_taken_as_it_is_and_other_errors_are_not(monkeypatch, tries):
    def fail_with(number):
        def fail(*_):
            raise OSError(number, os.strerror(number))

        return fail

    for number in (errno.ENOLCK, errno.ENOSYS, errno.EOPNOTSUPP, errno.EINVAL, errno.EBADF):
        monkeypatch.setattr(fcntl, "flock", fail_with(number))
        assert lock(0, tries=tries)
    monkeypatch.setattr(fcntl, "flock", fail_with(errno.EIO))
    with pytest.raises(OSError, match="Input/output error"):
        lock(0, tries=tries)
