"""A dry run, and a blend that warnings stop, through the command line and through Python."""

import json

import pytest
from support.making import command, four, tree, write

import pbl
from pbl.domain.errors import FindingsError, OutputError

pytestmark = pytest.mark.usefixtures("here")


def test_a_dry_run_says_what_the_blend_would_and_writes_nothing(here):
    four(here / "p", 20)
    before = tree(here)
    dry = command("blend", "p", "--clip-min", "40", "--dry-run")
    assert dry.code == 0
    assert tree(here) == before
    real = command("blend", "p", "--clip-min", "40")
    assert dry.talk.splitlines()[:-1] == real.talk.splitlines()[:-2]
    assert dry.talk.endswith("dry run  nothing was written; without it: submission.csv, submission.recipe.json\n")


def test_a_dry_run_is_known_as_one_in_json(here):
    four(here / "p", 20)
    dry, real = (json.loads(command("blend", "p", *words, "--format", "json").out) for words in (["--dry-run"], []))
    assert (dry["dry_run"], real["dry_run"]) == (True, False)
    assert dry["recipe"]["output"] == real["recipe"]["output"]


def test_a_dry_run_gives_nothing_to_stdout(here):
    write(here / "a.csv", {"x": 1.0})
    assert command("blend", "a.csv", "-o", "-", "--dry-run").out == ""


@pytest.mark.parametrize("output", ["theirs.csv", "a.csv", "no/such/folder.csv", "folder"])
def test_a_dry_run_refuses_what_the_blend_would_refuse(here, output):
    write(here / "a.csv", {"x": 1.0})
    (here / "theirs.csv").write_text("theirs")
    (here / "folder").mkdir()
    before = tree(here)
    dry, real = (command("blend", "a.csv", "-o", output, *words) for words in (["--dry-run"], []))
    assert (dry.code, dry.talk) == (real.code, real.talk)
    assert dry.code == 2
    assert tree(here) == before


def test_a_recipe_is_tried_without_writing(here):
    write(here / "a.csv", {"x": 1.0})
    pbl.blend("a.csv")
    before = tree(here)
    done = command("blend", "--recipe", "submission.recipe.json", "-o", "again.csv", "--dry-run")
    assert done.code == 0
    assert tree(here) == before


def test_python_s_dry_run_writes_nothing_and_returns_the_recipe(here):
    write(here / "a.csv", {"x": 1.0})
    before = tree(here)
    assert pbl.blend("a.csv", dry_run=True).output.rows == 1
    assert tree(here) == before
    write(here / "theirs.csv", {"x": 1.0})
    with pytest.raises(OutputError):
        pbl.blend("a.csv", output="theirs.csv", dry_run=True)


@pytest.mark.parametrize("output", ["out.csv", "-"])
def test_warnings_stop_a_blend_where_that_is_asked(here, output):
    write(here / "a.csv", {"x": 1.0, "y": 1.0})
    done = command("blend", "a.csv", "-o", output, "--fail-on", "warning")
    assert (done.code, done.out) == (1, "")
    assert "PBL551" in done.talk
    assert "nothing was written" in done.talk
    assert list(tree(here)) == ["a.csv"]
    assert command("blend", "a.csv", "-o", output).code == 0


def test_warnings_stop_python_s_blend_where_that_is_asked(here):
    write(here / "a.csv", {"x": 1.0, "y": 1.0})
    with pytest.raises(FindingsError, match="PBL551") as caught:
        pbl.blend("a.csv", fail_on="warning")
    assert not caught.value.report.ok
    assert list(tree(here)) == ["a.csv"]


def test_json_of_a_blend_that_warnings_stopped_is_not_ok(here):
    write(here / "a.csv", {"x": 1.0, "y": 1.0})
    done = command("blend", "a.csv", "--fail-on", "warning", "--format", "json")
    assert (done.code, json.loads(done.out)["ok"]) == (1, False)
