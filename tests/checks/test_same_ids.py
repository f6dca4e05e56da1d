"""Parquet files whose ids are the same bytes are found, and `validate` reads their ids once."""

import errno
import json
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random
from types import SimpleNamespace

import polars as pl
import pytest
from support.making import command, ids, predictions, shuffled, write
from support.parquet import frame, note_reads, put, put_parts

from pbl.checks import _parquet_file, same_ids, validate
from pbl.domain import limits
from pbl.domain.contract import Contract
from pbl.domain.errors import EngineError
from pbl.domain.limits import Limits
from pbl.engine.duck import Duck, open_duck
from pbl.reading.sources import open_source

pytestmark = pytest.mark.usefixtures("here")

PLAIN = {"compression": "uncompressed", "statistics": False}
SMALL = limits.Sizes(large=1, ids=100, parquet_rows=13)


def firsts(*paths):
    """Return for each file the place of the first with its ids."""
    with ExitStack() as stack:
        files = [stack.enter_context(closing(open_source(Path(path), None))) for path in paths]
        opened = {part.file.fd: part.file.path for file in files for part in getattr(file, "parts", ())}
        with open_duck(opened, Limits(), size=0, spill=Path()) as duck:
            return same_ids.find_same_ids(duck, files, Contract())


@pytest.mark.parametrize("how", [PLAIN, {}, {"row_group_size": 9}, {"compression": "snappy", "data_page_size": 64}])
def test_ids_that_one_writer_wrote_alike_are_known(how):
    names = ids(50)
    for n in range(3):
        put(f"m{n}.parquet", predictions(names, n), **how)
    put("other.parquet", predictions(shuffled(names, 5), 4), **how)
    put("like other.parquet", predictions(shuffled(names, 5), 5), **how)
    write("c.csv", predictions(names, 6))
    paths = ["m0.parquet", "other.parquet", "m1.parquet", "c.csv", "like other.parquet", "m2.parquet"]
    assert firsts(*paths) == [0, 1, 0, 3, 1, 0]


def test_parts_are_known_by_their_row_groups():
    names = ids(50)
    put("whole.parquet", predictions(names, 0), row_group_size=25)
    put_parts("halves", predictions(names, 1), 25)
    put_parts("uneven", predictions(names, 2), 20)
    put_parts("with an empty part", predictions(names, 3), 25, 25)
    assert firsts("whole.parquet", "halves", "uneven", "with an empty part") == [0, 0, 2, 0]


@pytest.mark.parametrize("block", [16, 1 << 20])
@pytest.mark.parametrize("change", ["the first", "the last", "two swapped"])
def test_ids_that_differ_in_a_byte_are_not(monkeypatch, block, change):
    monkeypatch.setattr(same_ids, "_BLOCK", block)
    names = [f"id{n:03}" for n in range(100)]
    put("a.parquet", predictions(names, 0), **PLAIN)
    other = [*names]
    if change == "two swapped":
        other[40], other[41] = other[41], other[40]
    else:
        other[0 if change == "the first" else -1] = "id777"
    put("b.parquet", predictions(other, 1), **PLAIN)
    put("c.parquet", predictions(other, 2), **PLAIN)
    assert firsts("a.parquet", "b.parquet", "c.parquet") == [0, 1, 1]


def test_the_same_bytes_of_another_type_are_other_ids():
    whole = [-1, -7, -300, -20]
    rows = pl.DataFrame({"sample_id": whole, "target": [0.5, 0.25, 1.0, 2.0]})
    put("a.parquet", rows, **PLAIN)
    unsigned = pl.Series("sample_id", [n % 2**64 for n in whole], dtype=pl.UInt64)
    put("b.parquet", rows.with_columns(unsigned), **PLAIN)
    put("c.parquet", rows, **PLAIN)
    assert firsts("a.parquet", "b.parquet", "c.parquet") == [0, 1, 0]


def test_a_file_that_is_cut_off_or_lacks_the_column_is_not_known():
    names = ids(50)
    whole = put("a.parquet", predictions(names, 0))
    Path("torn.parquet").write_bytes(whole.read_bytes()[:-10])
    put("lacking.parquet", frame(predictions(names, 1)).rename({"sample_id": "id"}))
    put("empty.parquet", frame({}))
    put("b.parquet", predictions(names, 1))
    paths = ["torn.parquet", "a.parquet", "lacking.parquet", "empty.parquet", "empty.parquet", "b.parquet"]
    assert firsts(*paths) == [0, 1, 2, 3, 4, 1]


def call_the_chunks_otherwise(path, one, other):
    """Swap the names of two columns where a Parquet file of one row group says which chunk is whose."""
    data = path.read_bytes()
    begin = len(data) - 8 - int.from_bytes(data[-8:-4], "little")
    footer = data[begin:-8]
    ones, others = (bytes([0x18, len(name)]) + name.encode() for name in (one, other))
    first, second = footer.rindex(ones), footer.rindex(others)
    assert first < second
    between = footer[first + len(ones) : second]
    path.write_bytes(
        data[:begin] + footer[:first] + others + between + ones + footer[second + len(others) :] + data[-8:]
    )


@pytest.mark.parametrize("kind", [pl.Float64, pl.String])
def test_a_column_is_found_by_its_place_not_by_what_its_chunk_is_called(kind):
    names = ids(50)
    other = pl.Series("target", [str(n) for n in range(50)]).cast(kind)
    for name, order in (("a", names), ("b", names[::-1])):
        path = put(f"{name}.parquet", pl.DataFrame({"sample_id": order, "target": other}), **PLAIN)
        call_the_chunks_otherwise(path, "sample_id", "target")
        assert pl.read_parquet(path)["sample_id"].to_list() == order
    assert firsts("a.parquet", "b.parquet") == [0, 1]


@pytest.mark.parametrize(
    "fault", ["a row group is not told", "the engine refuses", "the disk refuses", "bytes are lacking"]
)
def test_what_cannot_be_told_is_not_known(monkeypatch, fault):
    for n in range(2):
        put(f"m{n}.parquet", predictions(ids(50), n), row_group_size=9)
    assert firsts("m0.parquet", "m1.parquet") == [0, 0]
    real = Duck.chunks

    def chunks(*args):
        if fault == "the engine refuses":
            raise EngineError("no")
        return real(*args)[: -1 if fault == "a row group is not told" else None]

    def pread(*_):
        if fault == "the disk refuses":
            raise OSError(errno.EIO, "no")
        return b""

    monkeypatch.setattr(Duck, "chunks", chunks)
    if fault in {"the disk refuses", "bytes are lacking"}:
        monkeypatch.setattr(same_ids, "os", SimpleNamespace(pread=pread))
    assert firsts("m0.parquet", "m1.parquet") == [0, 1]


@pytest.fixture
def read_ids(monkeypatch):
    """Have files count as large, and note which are read without their ids."""
    monkeypatch.setattr(limits, "SIZES", SMALL)
    return note_reads(monkeypatch, _parquet_file)


def told(*words):
    """Return what validate says."""
    done = command("validate", *words, "--format", "json")
    return done.code, json.loads(done.out)


def test_known_ids_are_read_once(read_ids):
    names, others = ids(60), shuffled(ids(60), 3)
    for n, order in enumerate([names, others, names, others]):
        put(f"m{n}.parquet", predictions(order, n))
    put("template.parquet", dict.fromkeys(names, 0.0))
    code, said = told("m0.parquet", "m1.parquet", "m2.parquet", "m3.parquet", "--template", "template.parquet")
    assert (code, [each["code"] for each in said["findings"]]) == (0, ["PBL604", "PBL604"])
    assert [each["pillar"] for each in said["findings"]] == ["m1", "m3"]
    assert {each["rows"] for each in said["files"]} == {60}
    assert [name for name, what in read_ids if what == "numbers"] == ["m0", "m2", "m3"]


@pytest.mark.parametrize("odd", [" spaced", "", "ID7", "Straße", "nul\0", None])
def test_ids_that_are_not_clean_are_told_of_each_file(read_ids, odd):
    rows = frame([*predictions(ids(40), 0).items(), (odd, 1.0), ("id7", 2.0)])
    for n in range(2):
        put(f"m{n}.parquet", rows.with_columns(target=pl.col("target") + n))
    _, said = told("m0.parquet", "m1.parquet")
    of = {name: [each["code"] for each in said["findings"] if each["pillar"] == name] for name in ("m0", "m1")}
    assert of["m0"] == of["m1"]
    assert not any(what == "numbers" for _, what in read_ids)


@pytest.mark.parametrize("seed", range(10))
def test_what_is_known_changes_nothing_that_is_said(monkeypatch, seed):
    monkeypatch.setattr(limits, "SIZES", SMALL)
    chance = Random(seed)  # noqa: S311 - the same sets each time
    names = ids(100)
    orders = [names, names, shuffled(names, seed), [*names[:50], "other", *names[51:]], [*names[:-1], names[0]]]
    for n in range(chance.randint(2, 5)):
        rows = frame([(key, chance.uniform(1, 9)) for key in chance.choice(orders)])
        for _ in range(chance.choice([0, 0, 1, 3])):
            odd = chance.choice([None, float("nan"), float("inf"), -5.0])
            rows[chance.randrange(len(rows)), "target"] = odd
        if chance.random() < 0.2:
            rows = rows.with_columns(target=pl.lit(0.5))
        how = chance.choice([{}, {}, {"row_group_size": 30}])
        put(f"m{n}.parquet", rows, **how) if chance.random() < 0.7 else put_parts(f"m{n}", rows, 50, **how)
    Path("pbl.toml").write_text("[contract]\nmin = 0\n")
    template = []
    if chance.random() < 0.5:
        put("template.parquet", dict.fromkeys(chance.choice(orders[:3]), 0.0))
        template = ["--template", "template.parquet"]
    pillars = [f"{path.stem}={path}" for path in sorted(Path().glob("m*"))]
    known = told(*pillars, *template)
    monkeypatch.setattr(validate, "find_same_ids", lambda _, files, __: range(len(files)))
    assert known == told(*pillars, *template)
