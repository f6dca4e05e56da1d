"""Parquet files whose ids are the same bytes: the ids are read once, and nothing else changes."""

import json
from pathlib import Path
from random import Random

import pytest
from support.large import little_memory
from support.making import command, ids, predictions, read, shuffled, write
from support.parquet import frame, note_reads, put, put_parts

import pbl
from pbl.checks import screen_frames
from pbl.domain.errors import FindingsError

pytestmark = pytest.mark.usefixtures("here")


def numbers(names, seed):
    return frame(predictions(names, seed))


@pytest.fixture
def read_ids(monkeypatch):
    """Note what is done with the ids of each file that is read in batches."""
    return note_reads(monkeypatch, screen_frames)


@pytest.mark.parametrize("road", ["in memory", "in parts"])
@pytest.mark.parametrize("seed", range(6))
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
