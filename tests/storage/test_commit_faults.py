"""A submission and its recipe agree whichever system call fails or is the last (strace injects and counts them)."""

from __future__ import annotations

import signal

import pytest
from support.publishing import (
    FAULTS,
    PUBLISH,
    REASONS,
    STARTS,
    content,
    count_calls,
    heal,
    inject,
    list_calls,
    needs_strace,
    pair,
    publish,
    put,
    renew,
)

WALKED = [("a pair", kind) for kind in ("write", "fsync", "rename", "link")]
WALKED += [(start, kind) for start in ("nothing", "an edited submission") for kind in ("fsync", "rename")]


@needs_strace
def test_what_is_renamed_is_durable_and_so_is_the_rename(tmp_path):
    folder = renew(tmp_path / "f", pair(b"old"))
    assert list_calls(PUBLISH, folder) == [
        "write .s.csv.tmp",
        "write .s.recipe.json.tmp",
        "fsync .s.csv.tmp",
        "fsync .s.recipe.json.tmp",
        "link s.csv .s.csv.pbl-old",
        "rename .s.recipe.json.tmp .s.recipe.json.pbl-new",
        "rename s.recipe.json .s.recipe.json.pbl-old",
        "fsync FOLDER",
        "rename .s.csv.tmp s.csv",
        "fsync FOLDER",
        "rename .s.recipe.json.pbl-new s.recipe.json",
        "fsync FOLDER",
        "unlink .s.csv.pbl-old",
        "unlink .s.recipe.json.pbl-old",
    ]
    assert list_calls('write_whole(folder / "s.csv", b"new")', folder)[:5] == [
        "write .s.csv.tmp",
        "fsync .s.csv.tmp",
        "fsync .s.csv.tmp",
        "link s.csv .s.csv.tmp",
        "rename .s.csv.tmp s.csv",
    ]


@needs_strace
@pytest.mark.parametrize(("start", "kind"), WALKED)
def test_a_fault_in_any_call_leaves_the_old_pair_or_the_new_one_and_no_temporary(tmp_path, start, kind):
    folder = renew(tmp_path / "f", STARTS[start])
    for when in range(1, count_calls(PUBLISH, folder, kind) + 1):
        for lasting, error in FAULTS if start == "a pair" else FAULTS[:2]:
            renew(folder, STARTS[start])
            done = inject(PUBLISH, folder, f"{kind}:error={error}:when={when}{lasting}")
            if done.returncode == 0:
                assert content(folder) == pair(b"new"), (when, lasting)
                assert kind == "rename"
            else:
                assert (done.returncode, content(folder)) == (2, STARTS[start]), (when, lasting, done.stderr)
                assert REASONS[error] in done.stderr
                assert "not written" in done.stderr


@needs_strace
@pytest.mark.parametrize(("start", "kind"), [*((start, "unlink") for start in STARTS), *WALKED])
def test_killed_at_any_call_a_recipe_describes_its_submission_and_the_next_start_heals(tmp_path, start, kind):
    folder = renew(tmp_path / "f", STARTS[start])
    before = content(folder)
    for when in range(1, count_calls(PUBLISH, folder, kind) + 1):
        renew(folder, before)
        assert inject(PUBLISH, folder, f"{kind}:signal=KILL:when={when}").returncode == -signal.SIGKILL
        after = content(folder)
        assert after.get("s.csv") in {before.get("s.csv"), b"new"}
        if after.get("s.csv") != before.get("s.csv"):
            assert after.get("s.recipe.json", b"recipe of new") == b"recipe of new", when
        else:
            assert after.get("s.recipe.json") in {before.get("s.recipe.json"), None}, when
        assert heal(folder) == ()
        left = {name: data for name, data in content(folder).items() if not name.endswith(".pbl-tmp")}
        assert left in (before, pair(b"new")), when
        publish(folder, b"newer")
        assert content(folder).items() >= pair(b"newer").items()


@needs_strace
@pytest.mark.parametrize("kind", ["rename", "fsync"])
def test_without_hard_links_the_pair_still_never_lies(tmp_path, kind):
    no_links = "link:error=EPERM"
    folder = renew(tmp_path / "f", pair(b"old"))
    for when in range(1, count_calls(PUBLISH, folder, kind) + 1):
        for fault in (f"error=EIO:when={when}", f"error=EIO:when={when}+", f"signal=KILL:when={when}"):
            renew(folder, pair(b"old"))
            done = inject(PUBLISH, folder, no_links, f"{kind}:{fault}")
            after = content(folder)
            assert after["s.csv"] in {b"old", b"new"}
            assert after.get("s.recipe.json") in {None, b"recipe of " + after["s.csv"]}, (when, fault, done.stderr)
            if "KILL" not in fault:
                assert not [name for name in after if name.endswith(".pbl-tmp")]
            assert heal(folder) == ()
            left = {name: data for name, data in content(folder).items() if not name.endswith(".pbl-tmp")}
            assert left in (pair(b"old"), pair(b"new")), (when, fault)


@needs_strace
@pytest.mark.parametrize("when", [2, 3, 4])
def test_with_renames_and_links_all_failing_the_recipe_is_copied(tmp_path, when):
    put(tmp_path, pair(b"old"))
    done = inject(PUBLISH, tmp_path, f"rename:error=EIO:when={when}+", "link:error=EIO:when=2+")
    assert content(tmp_path) == pair(b"new" if when == 4 else b"old"), done.stderr
    assert done.returncode == (0 if when == 4 else 2)


@needs_strace
def test_with_renames_alone_failing_the_recipe_is_linked_and_never_half_written(tmp_path):
    put(tmp_path, pair(b"old"))
    done = inject(PUBLISH, tmp_path, "rename:error=EIO:when=4+", "write:error=EIO:when=3+")
    assert (done.returncode, content(tmp_path)) == (0, pair(b"new")), done.stderr


@needs_strace
def test_with_unlinks_failing_the_pair_never_lies(tmp_path):
    for fault in ([], ["fsync:error=EIO:when=4"], ["fsync:error=EIO:when=5"], ["rename:error=EIO:when=4"]):
        folder = renew(tmp_path / "f", pair(b"old"))
        inject(PUBLISH, folder, "unlink:error=EIO", *fault)
        after = content(folder)
        assert after["s.recipe.json"] == b"recipe of " + after["s.csv"], fault
        heal(folder)
        assert content(folder).items() >= {"s.csv": after["s.csv"], "s.recipe.json": after["s.recipe.json"]}.items()
        publish(folder, b"newer")
