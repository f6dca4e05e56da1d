"""Parquet files whose ids are the same bytes: the ids are read once, and nothing else changes."""

import json
from contextlib import ExitStack, closing
from pathlib import Path
from random import Random

import polars as pl
import pytest
from support.large import little_memory
from support.making import command, ids, predictions, read, shuffled, write
from support.parquet import frame, put, put_parts

import pbl
from pbl.blending import _same_ids
from pbl.checks import screen_frames
from pbl.domain.contract import Contract
from pbl.domain.errors import FindingsError
from pbl.domain.limits import Limits
from pbl.engine.duck import open_duck
from pbl.reading.sources import open_source

pytestmark = pytest.mark.usefixtures("here")

PLAIN = {"compression": "uncompressed", "statistics": False}


def firsts(*paths):
    """Return for each file the place of the first with its ids."""
    with ExitStack() as stack:
        files = [stack.enter_context(closing(open_source(Path(path), None))) for path in paths]
        opened = {part.file.fd: part.file.path for file in files for part in getattr(file, "parts", ())}
        with open_duck(opened, Limits(), size=0, spill=Path()) as duck:
            return _same_ids.find_same_ids(duck, files, Contract())


def numbers(names, seed):
    return frame(predictions(names, seed))


@pytest.fixture
def read_ids(monkeypatch):
    """Note what is done with the ids of each file that is read in batches."""
    done = []
    real = screen_frames.read_rows

    def note(file, *args, **kwargs):
        done.append((file.path.stem, "numbers" if kwargs.get("numbers_only") else "ids"))
        return real(file, *args, **kwargs)

    monkeypatch.setattr(screen_frames, "read_rows", note)
    return done


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
    monkeypatch.setattr(_same_ids, "_BLOCK", block)
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
    put("lacking.parquet", numbers(names, 1).rename({"sample_id": "id"}))
    put("empty.parquet", numbers([], 1))
    put("b.parquet", predictions(names, 1))
    paths = ["torn.parquet", "a.parquet", "lacking.parquet", "empty.parquet", "empty.parquet", "b.parquet"]
    assert firsts(*paths) == [0, 1, 2, 3, 4, 1]


@pytest.mark.parametrize("road", ["in memory", "in parts"])
@pytest.mark.parametrize("seed", range(12))
def test_a_blend_is_that_of_the_csv_files_whatever_is_known(large, monkeypatch, road, seed):
    large()
    if road == "in parts":
        little_memory(monkeypatch)
    chance = Random(seed)  # noqa: S311 - the same sets each time
    names = ids(120)
    orders = [names, shuffled(names, seed), [*names[:60], *shuffled(names[60:], seed)]]
    writers = [{}, {"row_group_size": 30}, {"row_group_size": 31}]
    given, as_csv = [], []
    for n in range(chance.randint(2, 6)):
        rows = predictions(chance.choice(orders), n)
        as_csv.append(f"m{n}={write(f'c{n}.csv', rows)}")
        form = chance.choice(["csv", "parts", "parquet", "parquet", "parquet"])
        if form == "parquet":
            put(f"m{n}.parquet", rows, **chance.choice(writers))
        elif form == "parts":
            put_parts(f"m{n}.parts", rows, chance.choice([30, 60]), row_group_size=30)
        given.append(as_csv[-1] if form == "csv" else f"m{n}=m{n}.{form}")
    template = ()
    if chance.random() < 0.5:
        put("template.parquet", dict.fromkeys(chance.choice(orders), 0.0), **chance.choice(writers))
        template = ("--template", "template.parquet")
    assert command("blend", *as_csv, *template, "--output", "expected.csv").code == 0
    done = command("blend", *given, *template, "--output", "s.csv")
    assert done.code == 0, done.talk
    assert Path("s.csv").read_bytes() == Path("expected.csv").read_bytes()


def test_known_ids_are_not_read_again(large, read_ids):
    large()
    names, others = ids(60), shuffled(ids(60), 3)
    for n, order in enumerate([names, others, names, others, others]):
        put(f"m{n}.parquet", predictions(order, n))
    put("template.parquet", dict.fromkeys(names, 0.0))
    paths = [f"m{n}.parquet" for n in range(5)]
    done = command("blend", *paths, "--template", "template.parquet", "--output", "s.csv")
    assert done.code == 0, done.talk
    assert {*read_ids} >= {("template", "ids"), ("m1", "ids")}
    assert [name for name, what in read_ids if what == "numbers"] == ["m0", "m2", "m3", "m4"]
    assert [key for key, _ in read("s.csv")[1]] == names


@pytest.mark.parametrize(("odd", "code"), [(None, "PBL501"), (float("nan"), "PBL503"), (float("inf"), "PBL504")])
def test_an_odd_number_beside_known_ids_is_found(large, odd, code):
    large()
    names = ids(60)
    put("a.parquet", predictions(names, 0))
    rows = numbers(names, 1)
    rows[41, "target"] = odd
    put("b.parquet", rows)
    with pytest.raises(FindingsError) as error:
        pbl.blend("a.parquet", "b.parquet", output="s.csv")
    (found,) = error.value.report.errors()
    assert (found.code, found.pillar, found.examples[0].row) == (code, "b", 42)
    assert not Path("s.csv").exists()


def test_what_is_known_is_said_of_the_order(large):
    large()
    names, others = ids(60), shuffled(ids(60), 3)
    for n, order in enumerate([names, others, names, others]):
        put(f"m{n}.parquet", predictions(order, n))
    done = command("blend", *(f"m{n}.parquet" for n in range(4)), "--output", "s.csv", "--format", "json")
    assert done.code == 0, done.talk
    found = json.loads(done.out)["findings"]
    assert [each["pillar"] for each in found if each["code"] == "PBL604"] == ["m1", "m3"]


def test_ids_are_screened_though_another_file_has_them(large):
    large()
    names = [*ids(50), " spaced"]
    put("a.parquet", predictions(names, 0))
    put("b.parquet", predictions(names, 1))
    with pytest.raises(FindingsError) as error:
        pbl.blend("a.parquet", "b.parquet", output="s.csv")
    assert {(found.code, found.pillar) for found in error.value.report.errors()} == {("PBL404", "a"), ("PBL404", "b")}
