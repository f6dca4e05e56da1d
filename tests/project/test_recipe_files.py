"""A recipe's inputs are found by their hash, and what became of each is said, whatever lies in its place."""

from __future__ import annotations

import hashlib
import os
import shutil
import tracemalloc
from pathlib import Path

import pytest
from support.making import write

import pbl
from pbl.domain.errors import ChangedError, InputError
from pbl.project.recipe_files import find_inputs, fits, load_recipe, same_bytes

RECIPE = Path("out.recipe.json")

pytestmark = pytest.mark.usefixtures("here")


@pytest.fixture
def recipe(here):  # noqa: ARG001 - where the files are
    """Give the recipe of a blend of a.csv and b.csv."""
    for name in "ab":
        write(f"{name}.csv", {"x": 1.5, "y": 2.5})
    pbl.blend("a.csv", "b.csv", output="out.csv")
    return load_recipe(RECIPE)


def find(recipe, inputs=None):
    return find_inputs(recipe, Path(), inputs)


def trouble(recipe):
    with pytest.raises(ChangedError) as caught:
        find(recipe)
    return str(caught.value).partition("; if the files lie elsewhere")[0]


def sha256(path):
    return hashlib.sha256(Path(path).read_bytes()).hexdigest()


def test_inputs_are_found_where_they_lay_or_by_their_hash(recipe):
    assert find(recipe) == {"a": Path("a.csv"), "b": Path("b.csv")}
    Path("moved").mkdir()
    shutil.move("a.csv", "moved/else.csv")
    os.mkfifo("moved/fifo")
    assert find(recipe, Path("moved")) == {"a": Path("moved/else.csv"), "b": Path("b.csv")}


def test_a_changed_input_is_told_by_its_hash(recipe):
    before = sha256("b.csv")
    write("b.csv", {"x": 1.5, "y": 9.5})
    assert trouble(recipe) == f"b: b.csv has changed: expected sha256 {before}, found {sha256('b.csv')}"


def test_a_changed_input_is_hashed_in_little_memory_however_large_it_is(recipe):
    os.truncate("b.csv", 64 << 20)
    tracemalloc.start()
    try:
        assert "b: b.csv has changed" in trouble(recipe)
        assert tracemalloc.get_traced_memory()[1] < 4 << 20
    finally:
        tracemalloc.stop()


def test_each_input_says_what_became_of_it(recipe):
    expected = f"(expected sha256 {sha256('a.csv')})"
    Path("a.csv").unlink()
    Path("b.csv").unlink()
    Path("b.csv").mkdir()
    missing = f"a: a.csv is missing {expected}"
    assert trouble(recipe) == f"{missing}\nb: b.csv is a folder, not a regular file {expected}"
    Path("b.csv").rmdir()
    os.mkfifo("b.csv")
    assert trouble(recipe) == f"{missing}\nb: b.csv is a FIFO (named pipe), not a regular file {expected}"
    Path("b.csv").unlink()
    Path("b.csv").symlink_to("b.csv")
    circle = "cannot be opened: Too many levels of symbolic links"
    assert trouble(recipe) == f"{missing}\nb: b.csv {circle} {expected}"


def test_what_is_no_file_fits_nothing(recipe):
    assert fits(Path("out.csv"), RECIPE)
    assert same_bytes(Path("out.csv"), recipe.output.sha256)
    os.mkfifo("fifo")
    for name in (".", "fifo", "none"):
        assert not fits(Path("out.csv"), Path(name))
        assert not same_bytes(Path(name), recipe.output.sha256)


def test_a_recipe_is_a_regular_file():
    os.mkfifo("fifo")
    for name, said in {"none": "no such file", "fifo": r"is a FIFO", ".": "is a folder, not a regular file"}.items():
        with pytest.raises(InputError, match=f"^{name}: {said}"):
            load_recipe(Path(name))


def test_a_folder_of_inputs_that_is_not_there_is_named(recipe):
    Path("b.csv").unlink()
    with pytest.raises(ChangedError, match=r"b\.csv is missing .*; nowhere: no such folder \(--inputs\)"):
        find(recipe, Path("nowhere"))
