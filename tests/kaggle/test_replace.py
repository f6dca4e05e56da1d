"""A pack in the place of another: only what pbl wrote is replaced, in one move, and no input with it."""

import json
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from support.packing import IDS, NAMES, files_of, furnish, pack, pbl

from pbl.storage import atomic_folder as folders

pytestmark = pytest.mark.usefixtures("here")


def test_a_pack_that_is_as_it_was_written_is_replaced(here):
    pbl("pack", "pillars", *NAMES)
    furnish(here / "pillars", IDS[:55])
    pack("pillars", "--title", "my pillars", "--subtitle", "A subtitle of some length")
    assert sorted(p.name for p in here.iterdir()) == ["pack", "pillars"]
    assert not list(Path("pack").rglob("*.whl"))
    pack("pillars")


def changed_cell(path):
    table = json.loads(path.read_bytes())
    table["cells"][5]["source"] = ["train()"]
    path.write_text(json.dumps(table))


EDITS = {
    "a pillar": lambda pack: (pack / "dataset" / "submission_dino.csv").write_text("mine"),
    "a pillar less": lambda pack: (pack / "dataset" / "submission_dino.csv").unlink(),
    "a file more": lambda pack: (pack / "dataset" / "notes.txt").write_text("mine"),
    "a file beside": lambda pack: (pack / "notes.txt").write_text("mine"),
    "a folder": lambda pack: (pack / "dataset" / "mine").mkdir(),
    "the sums": lambda pack: (pack / "dataset" / "SHA256SUMS").unlink(),
    "the notebook": lambda pack: changed_cell(pack / "notebook" / "my-pillars-inference.ipynb"),
    "the notebook's metadata": lambda pack: (pack / "notebook" / "kernel-metadata.json").write_text(
        (pack / "notebook" / "kernel-metadata.json").read_text().replace('gpu": "false', 'gpu": "true')
    ),
}


@pytest.mark.parametrize("edit", EDITS.values(), ids=EDITS)
def test_a_pack_that_was_edited_is_replaced_by_force_only(here, edit):
    pack("pillars")
    written = files_of("pack")
    edit(here / "pack")
    edited = files_of("pack")
    assert "--force" in pack("pillars", status=2).stderr
    assert files_of("pack") == edited
    pack("pillars", "--force")
    assert files_of("pack") == written
    assert sorted(p.name for p in here.iterdir()) == ["pack", "pillars"]


def test_a_folder_of_something_else_is_refused():
    Path("pack").mkdir()
    pack("pillars")
    Path("thesis").mkdir()
    Path("thesis/thesis.tex").write_text("mine")
    pack("pillars", "-o", "thesis", status=2)
    pack("pillars", "-o", "thesis/thesis.tex", status=2)
    assert files_of("thesis") == {"thesis.tex": b"mine"}


@pytest.mark.parametrize("output", ["pillars", ".", "..", "pillars/.."])
def test_force_never_takes_inputs_or_the_working_folder_away(here, output):
    before = files_of(here)
    pack("pillars", "-o", output, "--force", status=2)
    assert files_of(here) == before


def test_a_folder_that_is_not_there_is_not_made(here):
    assert "no/such" in pack("pillars", "-o", "no/such/pack", status=2).stderr
    assert sorted(p.name for p in here.iterdir()) == ["pillars"]


def fail(*_, **__):
    raise OSError(28, "No space left on device")


@pytest.mark.parametrize("step", ["fill", "sync_folder", "_exchange"])
def test_where_writing_fails_the_old_pack_is_left_and_nothing_else(here, monkeypatch, step):
    pack("pillars")
    before = files_of(here)
    monkeypatch.setattr(folders if step != "fill" else sys.modules["pbl.kaggle.pack"], step, fail)
    assert "not written: the disk is full" in pack("pillars", "--title", "my pillars", status=2).stderr
    assert files_of(here) == before


def test_where_folders_can_t_be_exchanged_in_one_step_they_are_in_two(here, monkeypatch):
    pack("pillars")
    monkeypatch.setattr(folders, "_exchange", lambda *_: False)
    pack("pillars", "--title", "my pillars")
    assert json.loads(Path("pack/dataset/dataset-metadata.json").read_text())["title"] == "my pillars"
    assert sorted(p.name for p in here.iterdir()) == ["pack", "pillars"]


@pytest.mark.skipif(sys.platform != "linux", reason="the call is Linux's")
def test_at_no_moment_is_there_no_pack(monkeypatch):
    pack("pillars")
    monkeypatch.setattr(Path, "rename", fail)
    pack("pillars", "--title", "my pillars")
    assert json.loads(Path("pack/dataset/dataset-metadata.json").read_text())["title"] == "my pillars"


@pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed")
@pytest.mark.parametrize("point", ["fsync:when=1", "fsync:when=9", "renameat2:when=1", "unlink,unlinkat:when=1"])
def test_a_pack_that_is_killed_leaves_the_old_or_the_new_one_whole(here, point):
    new = pack("pillars", "--title", "my pillars", "-o", "pack") and files_of("pack")
    pack("pillars")
    old = files_of("pack")
    calls, _, when = point.partition(":")
    trace = ("strace", "-f", "-qq", "-o", "trace", "-e", f"trace={calls}", "-e", f"inject={calls}:signal=KILL:{when}")
    line = ("pack", "pillars", *NAMES, "--no-wheels", "--title", "my pillars")
    done = subprocess.run([*trace, sys.executable, "-B", "-m", "pbl", *line], capture_output=True, check=False)
    assert done.returncode == -9, done.stderr
    assert files_of("pack") in (old, new)
    pack("pillars", "--title", "my pillars")
    assert files_of("pack") == new
    assert not (here / "pack").is_symlink()
