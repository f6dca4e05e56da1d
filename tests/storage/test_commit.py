"""Drafts are published whole, a submission with its recipe; what a killed commit left is put right."""

from __future__ import annotations

import fcntl
import hashlib
import os
import re
import subprocess
import sys
from itertools import count
from pathlib import Path

import pytest
from support.publishing import (
    ENV,
    PREAMBLE,
    STARTS,
    content,
    heal,
    pair,
    publish,
    put,
    renew,
)

from pbl.domain.errors import OutputError
from pbl.storage import commit
from pbl.storage.commit import Drafts


def test_what_others_write_through_the_descriptor_is_published(tmp_path):
    with Drafts() as drafts:
        draft = drafts.new(tmp_path / "a.csv")
        Path(f"/proc/self/fd/{draft.fd}").write_bytes(b"from elsewhere")
        assert (draft.size, b"".join(draft.chunks(4))) == (14, b"from elsewhere")
        assert draft.sha256() == hashlib.sha256(b"from elsewhere").hexdigest()
        drafts.publish(draft)
    assert content(tmp_path) == {"a.csv": b"from elsewhere"}


@pytest.mark.parametrize("way_out", [KeyboardInterrupt, SystemExit, ValueError, None])
def test_what_was_not_published_is_gone_on_every_way_out(tmp_path, way_out):
    put(tmp_path, {"a.csv": b"old"})
    descriptors = len(list(Path("/proc/self/fd").iterdir()))
    with pytest.raises(way_out) if way_out else Drafts(), Drafts() as drafts:
        drafts.new(tmp_path / "a.csv").write(b"new")
        drafts.new(tmp_path / "b.csv")
        if way_out:
            raise way_out
    assert content(tmp_path) == {"a.csv": b"old"}
    assert len(list(Path("/proc/self/fd").iterdir())) == descriptors


def test_a_temporary_is_beside_its_target_hidden_and_private_to_this_process(tmp_path):
    with Drafts() as drafts:
        draft = drafts.new(tmp_path / "a.csv")
        assert re.fullmatch(r"\.a\.csv\.[0-9a-f]{16}\.pbl-tmp", draft.path.name)
        assert draft.path.parent == draft.target.parent == tmp_path
        assert not os.get_inheritable(draft.fd)


@pytest.mark.parametrize("replaced", [True, False])
def test_a_temporary_that_others_removed_or_replaced_is_not_published(tmp_path, replaced):
    put(tmp_path, {**pair(b"old"), "other": b"other"})
    with Drafts() as drafts:
        submission, recipe = drafts.new(tmp_path / "s.csv"), drafts.new(tmp_path / "s.recipe.json")
        if replaced:
            (tmp_path / "other").rename(submission.path)
        else:
            submission.path.unlink()
        with pytest.raises(OutputError, match=r"s\.csv: not written: another program removed or replaced"):
            drafts.publish(submission, note=recipe)
    (tmp_path / "other").unlink(missing_ok=True)
    assert content(tmp_path) == pair(b"old")


def test_a_folder_that_others_keep_locked_is_an_error_and_no_hang(tmp_path, monkeypatch):
    monkeypatch.setattr(commit, "_LOCK_TRIES", 3)
    put(tmp_path, pair(b"old"))
    held = os.open(tmp_path, os.O_RDONLY)
    try:
        fcntl.flock(held, fcntl.LOCK_EX)
        with pytest.raises(OutputError, match="keeps this folder locked"):
            publish(tmp_path)
    finally:
        os.close(held)
    assert content(tmp_path) == pair(b"old")


def test_start_up_loads_no_slow_module():
    script = (
        "import sys, pbl.storage.commit; "
        "print(*{'tempfile', 'subprocess', 'shutil', 'polars', 'duckdb'} & set(sys.modules))"
    )
    done = subprocess.run([sys.executable, "-S", "-c", script], env=ENV, capture_output=True, text=True, check=True)
    assert done.stdout.strip() == ""


@pytest.mark.parametrize("start", STARTS)
def test_a_pair_is_published_together(tmp_path, start):
    put(tmp_path, STARTS[start])
    publish(tmp_path)
    assert content(tmp_path) == pair(b"new")
    assert heal(tmp_path) == ()
    assert content(tmp_path) == pair(b"new")


@pytest.mark.parametrize("call", ["fsync", "link", "rename"])
@pytest.mark.parametrize("done_first", [True, False])
def test_interrupted_at_any_call_the_pair_is_the_old_or_the_new_one(tmp_path, monkeypatch, call, done_first):
    for when in range(1, 7):
        folder = renew(tmp_path / "f", pair(b"old"))
        owner = Path if call == "rename" else os
        real, seen = getattr(owner, call), count(1)

        def interrupting(*args: object, real=real, seen=seen, when=when) -> object:
            now = next(seen) == when
            if now and not done_first:
                raise KeyboardInterrupt
            result = real(*args)
            if now:
                raise KeyboardInterrupt
            return result

        with monkeypatch.context() as patch:
            patch.setattr(owner, call, interrupting)
            try:
                publish(folder)
                expected = pair(b"new")
            except KeyboardInterrupt:
                expected = pair(b"old")
        assert content(folder) == expected, when


def test_a_leftover_of_another_run_is_not_written_over(tmp_path):
    put(tmp_path, {**pair(b"old"), ".s.csv.pbl-old": b"older"})
    with pytest.raises(OutputError, match=r"\.s\.csv\.pbl-old: left by a run that was cut short"):
        publish(tmp_path)
    assert content(tmp_path) == {**pair(b"old"), ".s.csv.pbl-old": b"older"}


OLD, ASIDE, FRESH = ".s.csv.pbl-old", ".s.recipe.json.pbl-old", ".s.recipe.json.pbl-new"


@pytest.mark.parametrize(
    ("found", "expected"),
    [
        ({"s.csv": b"new", OLD: b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"}, pair(b"new")),
        ({"s.csv": b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"}, pair(b"old")),
        ({**pair(b"new"), OLD: b"old", ASIDE: b"recipe of old"}, pair(b"new")),
        ({OLD: b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"}, pair(b"old")),
        ({ASIDE: b"recipe of old", FRESH: b"recipe of new"}, {"s.recipe.json": b"recipe of old"}),
        ({FRESH: b"recipe of new"}, {}),
        (
            {"s.csv": b"mine", OLD: b"old", ASIDE: b"recipe of old", FRESH: b"recipe of new"},
            {
                "s.csv": b"mine",
                "s.csv.kept-1": b"old",
                "s.recipe.json.kept-1": b"recipe of old",
                "s.recipe.json.kept-2": b"recipe of new",
            },
        ),
        (
            {"s.csv": b"new", "s.recipe.json": b"mine", FRESH: b"recipe of new", "s.recipe.json.kept-1": b"else"},
            {**pair(b"new"), "s.recipe.json.kept-1": b"else", "s.recipe.json.kept-2": b"mine"},
        ),
        ({"s.recipe.json": b"mine", ASIDE: b"old"}, {"s.recipe.json": b"mine", "s.recipe.json.kept-1": b"old"}),
    ],
)
def test_recovery_never_destroys_the_only_copy_of_what_was_published(tmp_path, found, expected):
    put(tmp_path, found)
    kept = heal(tmp_path)
    assert content(tmp_path) == expected
    assert {path.name for path in kept} == {name for name in expected if "kept" in name and name not in found}


def test_many_publishers_leave_one_whole_pair_and_a_reader_never_sees_a_lie(tmp_path):
    script = """
for n in range(15):
    recover(folder / "s.csv", folder / "s.recipe.json", fits)
    publish(f"{sys.argv[2]} {n}".encode())
"""
    command = [sys.executable, "-S", "-c", PREAMBLE + script, str(tmp_path)]
    running = [subprocess.Popen([*command, f"by {n}"], env=ENV, stderr=subprocess.PIPE) for n in range(4)]
    while any(each.poll() is None for each in running):
        try:
            seen = [(tmp_path / name).read_bytes() for name in ("s.csv", "s.recipe.json", "s.csv")]
        except FileNotFoundError:
            continue
        assert seen[0] != seen[2] or seen[1] == b"recipe of " + seen[0]
    assert [(each.communicate()[1], each.returncode) for each in running] == [(b"", 0)] * 4
    assert content(tmp_path) in [pair(f"by {n} 14".encode()) for n in range(4)]
