"""Large files take another road than small ones; it must lead to the same bytes, and to the same findings."""

import dataclasses
import errno
import math
import os
import threading
import time
from datetime import UTC, datetime
from itertools import count
from pathlib import Path
from random import Random
from threading import Thread

import polars as pl
import pytest
from pbl_sql import Sql, listed
from support.making import FOUR, four, ids, predictions, read, shuffled, write

import pbl
from pbl.blending import _align_frames, _write, formula
from pbl.blending.blend import blend
from pbl.blending.plan import plan_blend
from pbl.checks import validate
from pbl.domain import limits
from pbl.domain.errors import EngineError, FindingsError, OutputError
from pbl.domain.provenance import Provenance
from pbl.domain.rules import Severity
from pbl.engine import duck
from pbl.project.pillar_files import select_pillars
from pbl.storage import commit as writing

pytestmark = pytest.mark.usefixtures("here")

ROWS = 200
PATHS = [f"p/submission_{name}.csv" for name in FOUR]


@pytest.fixture(params=[512, 1 << 20], ids=["small blocks", "one block"])
def large(request, monkeypatch):
    """Give a function after which every file counts as large; blocks and parts are small, so that there are many."""

    def enlarge():
        monkeypatch.setattr(limits, "SIZES", small_sizes(request.param))

    return enlarge


def small_sizes(block):
    return limits.Sizes(large=1, block=block, preview=block, ids=100, rows=7, cells=400, table_rows=64)


def ways(monkeypatch):
    """Note from now on which ways are taken: frames are aligned, and, where that is unclear, files are checked."""
    taken = []
    for module, function in ((_align_frames, "align_frames"), (validate, "check_files")):
        real = getattr(module, function)
        note = lambda *args, real=real, **kwargs: taken.append(real.__name__) or real(*args, **kwargs)  # noqa: E731
        monkeypatch.setattr(module, function, note)
    return taken


def same(names):
    for at, name in enumerate(FOUR):
        write(f"p/submission_{name}.csv", predictions(names, at))


KINDS = {
    "same order": lambda: same(ids(ROWS)),
    "shuffled": lambda: four(Path("p"), ROWS, template=False),
    "CRLF": lambda: [write(p, predictions(ids(ROWS), p), end="\r\n") for p in PATHS],
    "ids with spaces": lambda: same([f"image {n} of {ROWS}" for n in range(ROWS)]),
    "ids to be quoted": lambda: [
        write(p, [(f'"{k}#,"' if n % 3 else f"#{k}", v) for n, (k, v) in enumerate(predictions(ids(ROWS), p).items())])
        for p in PATHS
    ],
    "ids with a #": lambda: same([f"{'#' if n % 2 else 'x'}{n}" for n in range(ROWS)]),
    "a space in the last id": lambda: same([f"image{' ' if n == ROWS - 1 else '_'}{n}" for n in range(ROWS)]),
    "ids that look like marks": lambda: same([f"{'x' if n % 2 else '#'}\x01{n}=" for n in range(ROWS)]),
    "columns in another order": lambda: [
        write(p, [(repr(v), k) for k, v in predictions(ids(ROWS), p).items()], ("target", "sample_id")) for p in PATHS
    ],
    "numbers of all kinds": lambda: [
        write(
            p,
            [(k, ("5", "+.5", "7.", "1e-7", "0.1E+2", "123456789.123456789")[i % 6]) for i, k in enumerate(ids(ROWS))],
        )
        for p in PATHS
    ],
}


@pytest.mark.parametrize("kind", KINDS)
def test_large_files_give_the_same_bytes_as_small_ones(kind, large, monkeypatch):
    KINDS[kind]()
    pbl.blend(*PATHS, output="small.csv", clip_min=0)
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, output="large.csv", clip_min=0)
    assert taken == (["align_frames"] if "quoted" not in kind else [])
    assert Path("small.csv").read_bytes() == Path("large.csv").read_bytes()


@pytest.mark.parametrize("targets", [1, 7])
def test_a_template_and_several_targets(targets, large, monkeypatch):
    names = ids(ROWS)
    header = ("sample_id", *(f"t{n}" for n in range(targets)))
    Path("pbl.toml").write_text(f"[contract]\ntargets = {list(header[1:])}\n", encoding="utf-8")
    for at, path in enumerate(PATHS):
        columns = [predictions(names, f"{at}{n}") for n in range(targets)]
        write(path, {key: tuple(c[key] for c in columns) for key in shuffled(names, at)}, header)
    write("t.csv", dict.fromkeys(shuffled(names, 9), (0,) * targets), header)
    pbl.blend(*PATHS, template="t.csv", output="small.csv")
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, template="t.csv", output="large.csv")
    assert taken == ["align_frames"]
    assert read("small.csv") == read("large.csv")


def little_memory(monkeypatch):
    """Have nothing fit into memory; there are 5 parts then."""
    monkeypatch.setattr(_align_frames, "_BYTES_A_ROW", 1 << 40)
    monkeypatch.setattr(_align_frames, "_PARTS", 5)


@pytest.mark.parametrize("template", [False, True])
def test_files_that_do_not_fit_into_memory_are_matched_in_parts_to_the_same_bytes(template, large, monkeypatch):
    four(Path("p"), ROWS, template=template)
    pbl.blend("p", output="small.csv")
    large()
    little_memory(monkeypatch)
    taken = ways(monkeypatch)
    pbl.blend("p", output="large.csv")
    assert taken == ["align_frames"]
    assert read("small.csv") == read("large.csv")
    assert not list(Path().glob(".*"))


def test_a_template_may_leave_its_targets_empty(large, monkeypatch):
    names = ids(ROWS)
    same(names)
    write("t.csv", dict.fromkeys(shuffled(names, 9), ""))
    pbl.blend(*PATHS, template="t.csv", output="small.csv")
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, template="t.csv", output="large.csv")
    assert taken == ["align_frames"]
    assert read("small.csv") == read("large.csv")


def test_ids_that_may_be_alike_are_looked_at_first(large, monkeypatch):
    same([f"é{n}" for n in range(ROWS)])
    large()
    taken = ways(monkeypatch)
    pbl.blend(*PATHS, output="large.csv")
    assert taken == ["check_files"]


@pytest.mark.parametrize("last", ["0.0", "-0.0"])
def test_zero_has_no_sign_in_what_is_told(last, large):
    rows = [(key, "-0.0" if n % 2 else "0") for n, key in enumerate(ids(ROWS))]
    write(PATHS[0], [*rows[:-1], (rows[-1][0], last)])
    told = []
    for enlarge in (list, large):
        enlarge()
        recipe = pbl.blend(PATHS[0], output="blend.csv", force=True)
        told.append((repr(recipe.output.min), repr(recipe.output.max), pbl.validate(PATHS[0]).findings[0].message))
    assert told == [("0.0", "0.0", "every prediction is 0.0")] * 2


@pytest.mark.parametrize("others", ["bc", "ab", "abc"])
def test_a_part_may_be_empty(others, large, monkeypatch):
    write(PATHS[0], {"a": 1.0, "b": 2.0})
    write(PATHS[1], dict.fromkeys(others[::-1], 3.0))

    def outcome():
        try:
            return pbl.blend(*PATHS[:2], output="blend.csv", force=True).output.sha256
        except FindingsError as error:
            return error.report.errors()

    small = outcome()
    large()
    little_memory(monkeypatch)
    assert outcome() == small


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


def test_rows_in_another_order_are_told_of_whichever_road_they_take(large, monkeypatch):
    names = ids(ROWS)
    for place, order in enumerate((names, names, [*names[1:], names[0]])):
        write(PATHS[place], predictions(order, place))

    def told():
        plan = plan_blend(select_pillars(PATHS[:3]))
        provenance = Provenance(now=datetime.now(UTC), version="0")
        made = blend(plan, output=Path("blend.csv"), provenance=provenance, spill=Path(), force=True)
        return [(f.code, f.pillar) for f in made.report.findings]

    assert told() == [("PBL604", "mvp")]
    large()
    assert told() == [("PBL604", "mvp")]
    little_memory(monkeypatch)
    assert told() == [("PBL604", "mvp")]


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


@pytest.mark.parametrize("order", ["one order", "several orders", "in parts"])
@pytest.mark.parametrize("place", [0, ROWS - 1])
@pytest.mark.parametrize("fault", FAULTS)
def test_large_files_have_the_same_findings_as_small_ones(fault, place, order, large, monkeypatch):
    names = ids(ROWS)
    for path in PATHS[:2]:
        write(path, predictions(names if order == "one order" else shuffled(names, path), path))
    rows = [(key, repr(value)) for key, value in predictions(names, 3).items()]
    key, value = rows[place]
    rows[place] = tuple(cell.format(key=key, value=value) for cell in FAULTS[fault])
    write(PATHS[2], rows)

    def found():
        report = pbl.validate(*PATHS[:3])
        try:
            pbl.blend(*PATHS[:3], output="blend.csv", force=True)
        except FindingsError as error:
            return report.findings, [f for f in error.report.findings if f.severity is Severity.ERROR]
        return report.findings, Path("blend.csv").read_bytes()

    small = found()
    large()
    if order == "in parts":
        little_memory(monkeypatch)
    assert found() == small


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


def test_a_text_that_is_not_the_number_is_found(large, monkeypatch):
    same(ids(ROWS))
    large()
    asked = duck.Duck.frame

    def spoil(self, question, *values, **parts):
        frame = asked(self, question, *values, **parts)
        if question != "blend/blend_text":
            return frame
        return frame.with_columns(x0=pl.when(pl.col("place") == 5).then(pl.lit("50.5")).otherwise("x0"))

    monkeypatch.setattr(duck.Duck, "frame", spoil)
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


@pytest.mark.parametrize("clip", [(None, None), (0.0, None), (-1.0, 2.0), (5.0, 5.0)])
@pytest.mark.parametrize("targets", [1, 3])
def test_rows_are_summed_up_alike_by_the_database_and_beside_it(clip, targets):
    chance = Random(f"{clip}{targets}")  # noqa: S311 - to be made again, not to be secret
    some = [0.0, -0.0, 1.0, -3.0, 7.5, 1e308, -1e308, 1.7e308, 5e-324]
    for _ in range(30):
        pillars, rows = chance.randint(1, 3), chance.randint(1, 9)
        made = formula.Formula(
            factors=[chance.choice([0.5, 1.0, 2.0]) for _ in range(pillars)],
            names=tuple(f"t{n}" for n in range(targets)),
            clip=formula.Clip(low=clip[0], high=clip[1]),
        )
        names = [f"n{pillar}_{target}" for pillar in range(pillars) for target in range(targets)]
        few = chance.sample(some, chance.randint(1, len(some)))
        numbers = pl.DataFrame({name: [chance.choice(few) for _ in range(rows)] for name in names})
        with duck.open_duck({}, limits.Limits(), size=0, spill=Path()) as database:
            with database.batch(numbers.with_row_index("place")):
                told = made.summarize(database, Sql("batch"))
            with database.batch(numbers.with_row_index("place")):
                columns = listed([Sql(f"b{target}") for target in range(targets)])
                parts = {"columns": columns, "marks": made.marks(), "blend": made.blend(Sql("batch"))}
                beside = made.summarize_rows(database.frame("blend/blend_text", made.values(), **parts))
        if told.broken:
            assert beside.broken == told.broken
            continue
        assert beside == dataclasses.replace(told, mean=pytest.approx(told.mean, rel=1e-13))
        assert [math.copysign(1, bound) for bound in (beside.lowest, beside.highest)] == [
            math.copysign(1, bound) for bound in (told.lowest, told.highest)
        ]


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


@pytest.mark.parametrize("threads", [1, 2, 5])
def test_the_number_of_threads_changes_no_byte(threads, large, monkeypatch):
    four(Path("p"), ROWS, template=True)
    pbl.blend("p", output="small.csv", threads=threads)
    large()
    pbl.blend("p", output="large.csv", threads=threads)
    little_memory(monkeypatch)
    pbl.blend("p", output="parts.csv", threads=threads)
    assert read("small.csv") == read("large.csv") == read("parts.csv")


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


def test_a_block_that_begins_with_a_mark_keeps_it(large):
    names = [f"\ufeff{key}" for key in ids(ROWS)]
    same(names)
    large()
    pbl.blend(*PATHS, output="blend.csv")
    assert [row[0] for row in read("blend.csv")[1]] == names
    assert not pbl.validate("blend.csv").errors()
