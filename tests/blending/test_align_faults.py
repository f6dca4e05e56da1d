"""Faults of large files, of the disk and of threads are met as with small files."""

import errno
import os
import threading
import time
from itertools import count
from pathlib import Path
from threading import Thread

import polars as pl
import pytest
from pbl_sql import Sql
from support.effort import THOROUGH
from support.large import BLOCKS, PATHS, ROWS, little_memory, same, small_sizes
from support.making import four, ids, predictions, shuffled, write

import pbl
from pbl.blending import _write
from pbl.blending._number_text import number_text
from pbl.domain import limits
from pbl.domain.errors import EngineError, FindingsError, OutputError
from pbl.domain.rules import Severity
from pbl.engine import duck
from pbl.storage import commit as writing

pytestmark = pytest.mark.usefixtures("here")


@pytest.mark.parametrize("limited", [False, True])
def test_a_file_that_cannot_be_read_to_its_end_is_said_to_be_so(limited, large, monkeypatch):
    four(Path("p"), ROWS, template=False)
    large()
    if limited:
        little_memory(monkeypatch)
    real_read, real_pread = os.read, os.pread

    def broken(fd, end):
        return end > 1500 and Path(f"/proc/self/fd/{fd}").readlink().name.endswith("mvp.csv")

    def read_(fd, size):
        if broken(fd, os.lseek(fd, 0, os.SEEK_CUR) + size):
            raise OSError(errno.EIO, "Input/output error")
        return real_read(fd, size)

    def pread(fd, size, at):
        if broken(fd, at + size) and at:
            raise OSError(errno.EIO, "Input/output error")
        return real_pread(fd, size, at)

    monkeypatch.setattr(os, "read", read_)
    monkeypatch.setattr(os, "pread", pread)
    found = [(f.code, f.pillar, f.message) for f in pbl.validate("p").errors()]
    assert found == [("PBL101", "mvp", "cannot be read: Input/output error")]
    with pytest.raises(FindingsError) as error:
        pbl.blend("p", output="blend.csv")
    assert [f.code for f in error.value.report.errors()] == ["PBL101"]


def test_a_disk_too_small_for_the_parts_is_a_plain_error(large, monkeypatch):
    four(Path("p"), ROWS, template=False)
    large()
    little_memory(monkeypatch)

    def full(*_args, **_kwargs):
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(pl.DataFrame, "write_ipc", full)
    with pytest.raises(EngineError, match="No space left on device; raise --memory-limit, or name a larger disk"):
        pbl.blend("p", output="large.csv")
    assert sorted(path.name for path in Path().iterdir()) == ["p"]


FAULTS = {
    "not a number": ("{key}", "0x10"),
    "underscore": ("{key}", "1_0"),
    "nan": ("{key}", "nan"),
    "infinite": ("{key}", "inf"),
    "too large": ("{key}", "1e400"),
    "space in front": ("{key}", " 1.5"),
    "space behind": ("{key}", "1.5 "),
    "empty": ("{key}", ""),
    "no id": ("", "{value}"),
    "a stranger": ("{key}x", "{value}"),
    "an id with a mark before it": ("\ufeff{key}", "{value}"),
    "repeated": (ids(3)[1], "{value}"),
    "other case": (ids(3)[1].lower(), "{value}"),
    "one cell": ("{key}",),
    "three cells": ("{key}", "{value}", "1"),
    "quoted": ('"{key}"', "{value}"),
}


PLACES = [(0, "one order"), (ROWS - 1, "several orders"), (ROWS - 1, "one order"), (0, "several orders")]


@pytest.mark.parametrize(("place", "order"), PLACES[: 4 if THOROUGH else 2])
@pytest.mark.parametrize("fault", FAULTS)
def test_large_files_have_the_same_findings_as_small_ones(fault, place, order, monkeypatch):
    """In small blocks and in one, and in parts where rows must be matched: the small files are asked once for all."""
    names = ids(ROWS)
    for path in PATHS[:2]:
        write(path, predictions(names if order == "one order" else shuffled(names, path), path))
    rows = [(key, repr(value)) for key, value in predictions(names, 3).items()]
    key, value = rows[place]
    rows[place] = tuple(cell.format(key=key, value=value) for cell in FAULTS[fault])
    write(PATHS[2], rows)

    def blended():
        try:
            pbl.blend(*PATHS[:3], output="blend.csv", force=True)
        except FindingsError as error:
            return [f for f in error.report.findings if f.severity is Severity.ERROR]
        return Path("blend.csv").read_bytes()

    small = pbl.validate(*PATHS[:3]).findings, blended()
    for name, block in BLOCKS.items():
        monkeypatch.setattr(limits, "SIZES", small_sizes(block))
        assert (pbl.validate(*PATHS[:3]).findings, blended()) == small, name
    if order == "several orders":
        little_memory(monkeypatch)  # of which validate, a room below, knows nothing
        for name, block in BLOCKS.items():
            monkeypatch.setattr(limits, "SIZES", small_sizes(block))
            assert blended() == small[1], f"{name}, in parts"


@pytest.mark.parametrize("rows", [ROWS - 1, ROWS + 1])
def test_a_large_file_with_a_row_more_or_less_has_the_same_findings_as_a_small_one(rows, large):
    for path, many in zip(PATHS, (ROWS, rows, ROWS), strict=False):
        write(path, predictions(ids(many), path))
    found = []
    for enlarge in (list, large):
        enlarge()
        with pytest.raises(FindingsError) as error:
            pbl.blend(*PATHS[:3], output="blend.csv")
        found.append(error.value.report.findings)
    assert found[0] == found[1]
    assert [f.code for f in found[0]] == ["PBL601" if rows < ROWS else "PBL602"]


def test_large_ids_that_repeat_in_all_files_alike_are_found(large):
    rows = [(key, 0.5 + n) for n, key in enumerate(ids(ROWS))]
    rows[ROWS - 1] = (rows[0][0], 7.5)
    for path in PATHS[:2]:
        write(path, rows)
    large()
    assert [f.code for f in pbl.validate(*PATHS[:2]).errors()] == ["PBL402", "PBL402"]
    with pytest.raises(FindingsError):
        pbl.blend(*PATHS[:2], output="blend.csv")


def test_a_large_file_alone_whose_quoted_ids_repeat_is_refused(large):
    rows = [(f'"{key}"', 0.5 + n) for n, key in enumerate(ids(ROWS))]
    write(PATHS[0], [*rows, (rows[0][0], 7.5)])
    large()
    with pytest.raises(FindingsError) as error:
        pbl.blend(PATHS[0], output="blend.csv")
    assert [f.code for f in error.value.report.errors()] == ["PBL402"]


@pytest.mark.parametrize("text", ["50.5", "A.07e+1"])
def test_a_text_that_is_not_the_number_is_found(text, large, monkeypatch):
    same(ids(ROWS))
    large()
    monkeypatch.setattr(_write, "number_text", lambda *asked: number_text(*asked).scatter(0, text))
    with pytest.raises(OutputError, match="read back"):
        pbl.blend(*PATHS, output="blend.csv")


def test_rows_in_another_place_than_their_ids_are_found(large, monkeypatch):
    same(ids(ROWS))
    large()
    asked = duck.Duck.frame
    monkeypatch.setattr(duck.Duck, "frame", lambda self, *asks, **parts: asked(self, *asks, **parts).reverse())
    with pytest.raises(OutputError, match="read back"):
        pbl.blend(*PATHS, output="blend.csv")


@pytest.mark.parametrize("late", [False, True], ids=["at once", "once more is written"])
def test_bytes_that_the_disk_gives_back_otherwise_are_found(late, large, monkeypatch):
    same(ids(ROWS))
    large()
    write_all, written = writing.Draft.write, []

    def spoil(self, data):
        write_all(self, data)
        written.append(data)
        if len(written) == 1 + late:
            os.pwrite(self.fd, b"9", len("sample_id,target\n") + written[0].index(b".") - 1)

    monkeypatch.setattr(limits, "SIZES", small_sizes(512))
    monkeypatch.setattr(writing.Draft, "write", spoil)
    with pytest.raises(OutputError, match="read back"):
        pbl.blend(*PATHS, output="blend.csv")
    assert not list(Path().glob("*blend*"))


def test_an_error_leaves_no_thread_that_reads_files_which_are_closed(large, monkeypatch):
    same(ids(ROWS))
    large()

    def fail(*_):
        raise OutputError("full")

    read_csv = pl.read_csv
    monkeypatch.setattr(pl, "read_csv", lambda *args, **kwargs: time.sleep(0.05) or read_csv(*args, **kwargs))
    monkeypatch.setattr(_write, "_encode", fail)
    before = set(threading.enumerate())
    with pytest.raises(OutputError) as error:
        pbl.blend(*PATHS, output="blend.csv")
    assert error.value.args == ("full",)
    assert {thread.name for thread in set(threading.enumerate()) - before if "load" not in thread.name} == set()


@pytest.mark.parametrize("failing", [1, 2, 5])
def test_a_query_that_fails_in_one_thread_keeps_no_other_waiting(failing, large, monkeypatch):
    same(ids(ROWS))
    large()
    monkeypatch.setattr(limits, "SIZES", small_sizes(512))
    turns = count(1)
    asked = duck.Duck.frame

    def fail(self, question, *values, **parts):
        if next(turns) == failing:
            self.rows("files/cells", table="batch", columns=Sql("no_such_column"))
        return asked(self, question, *values, **parts)

    monkeypatch.setattr(duck.Duck, "frame", fail)
    raised = []

    def blended():
        with pytest.raises(EngineError, match="no_such_column") as error:
            pbl.blend(*PATHS, output="blend.csv")
        raised.append(error.value)

    watched = Thread(target=blended, daemon=True)
    watched.start()
    watched.join(timeout=60)
    assert not watched.is_alive(), "it hangs"
    assert len(raised) == 1
    assert not list(Path().glob("*blend*"))


def test_a_disk_that_fills_up_while_rows_flow_leaves_nothing(large, monkeypatch):
    same(ids(ROWS))
    large()
    writes = []

    def full(_fd, _data):
        writes.append(1)
        raise OSError(errno.ENOSPC, "No space left on device")

    monkeypatch.setattr(writing.os, "write", full)
    with pytest.raises(OutputError, match="the disk is full"):
        pbl.blend(*PATHS, output="blend.csv")
    assert writes
    assert not list(Path().glob("*blend*"))
