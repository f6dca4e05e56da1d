"""Many files are joined some at a time, which changes nothing."""

import json
from fractions import Fraction

import pytest
from support.making import command, ids, predictions, read, shuffled, write

import pbl
from pbl.blending import _align_sql
from pbl.domain.errors import FindingsError

pytestmark = pytest.mark.usefixtures("here")
NAMES = ids(40)


def make(number, *, template=False):
    tables = [predictions(NAMES, n) for n in range(number)]
    for n, table in enumerate(tables):
        write(f"p/m{n:03d}.csv", shuffled(table.items(), n))
    if template:
        write("p/sample_submission.csv", dict.fromkeys(NAMES, 0))
    return tables


@pytest.mark.parametrize("at_once", [1, 2, 3, 4])
@pytest.mark.parametrize("template", [False, True])
def test_however_many_are_joined_at_once_the_bytes_are_the_same(at_once, template, monkeypatch):
    make(5, template=template)
    whole = told()
    monkeypatch.setattr(_align_sql, "_TABLES", at_once)
    assert told() == whole


def told():
    found = json.loads(command("blend", "p", "--dry-run", "--format", "json").out)
    return found["recipe"]["output"], found["recipe"]["inputs"], found["findings"], found["warnings"]


@pytest.mark.parametrize("place", [0, 1, 2, 4])
@pytest.mark.parametrize("fault", ["missing", "repeated", "not finite"])
def test_a_fault_in_any_file_is_found(fault, place, monkeypatch):
    monkeypatch.setattr(_align_sql, "_TABLES", 2)
    rows = list(make(5)[place].items())
    rows[7] = {"missing": ("other", 1.0), "repeated": rows[8], "not finite": (rows[7][0], float("inf"))}[fault]
    write(f"p/m{place:03d}.csv", rows)
    with pytest.raises(FindingsError):
        pbl.blend("p")


def test_a_blend_of_a_hundred_files_is_their_mean():
    tables = make(100)
    assert command("blend", "p", "-o", "out.csv").code == 0
    for name, value in read("out.csv")[1]:
        exact = sum(Fraction(table[name]) for table in tables) / 100
        assert value == pytest.approx(float(exact), rel=1e-13)
