"""Death and disk faults at every call of a blend that changes a file."""

import hashlib
import json
import shutil
import signal
import subprocess
import sys
import tempfile
from functools import cache
from itertools import count
from pathlib import Path

import pytest
from support.crashing import ENV, KINDS, SAMPLE, afterwards, content, fresh, run, walk
from support.effort import THOROUGH
from support.parquet import put, put_parts

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: faults can't be injected")


ROWS = "".join(f"id{n},{n}.{{}}\n" for n in range(40))
INPUTS = {
    "a.csv": ("sample_id,target\n" + ROWS.format(*["25"] * 40)).encode(),
    "b.csv": ("sample_id,target\n" + ROWS.format(*["75"] * 40)).encode(),
}
BLEND = ("blend", "a.csv", "b.csv", "--output", "s.csv")


def sound(folder, name="s.csv"):
    """See that a submission has no recipe beside it or its own, and give back its bytes."""
    submission, recipe = folder / name, folder / f"{name.removesuffix('.csv')}.recipe.json"
    if not submission.exists():
        assert not recipe.exists()
        return None
    data = submission.read_bytes()
    if recipe.exists():
        assert json.loads(recipe.read_bytes())["output"]["sha256"] == hashlib.sha256(data).hexdigest()
    return data


@pytest.fixture(scope="module")
def pairs(tmp_path_factory):
    """Give an old pair of submission and recipe, and the bytes that a new one has."""
    folder = fresh(tmp_path_factory.mktemp("pairs") / "f", INPUTS)
    assert run(folder, [*BLEND, "--weights", "1", "3"]).returncode == 0
    old = {name: data for name, data in content(folder).items() if name not in INPUTS}
    assert set(old) == {"s.csv", "s.recipe.json"}
    assert run(folder, BLEND).returncode == 0
    return old, (folder / "s.csv").read_bytes()


@pytest.mark.parametrize("start", ["nothing", "an old pair"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_blend_leaves_the_old_pair_or_the_new_one_whatever_call_fails(kind, start, tmp_path, pairs):
    old = pairs[0] if start == "an old pair" else {}
    new = pairs[1]
    folder = tmp_path / "f"
    for what, done, killed in walk(folder, INPUTS | old, BLEND, kind):
        said = f"{what} exit {done.returncode}: {done.stderr}"
        submission = sound(folder)
        assert submission in (old.get("s.csv"), new), said
        if done.returncode == 0:
            assert submission == new, said
            assert (folder / "s.recipe.json").exists(), said
        elif not killed:
            assert done.returncode == 2, said
            assert kind == "write" or done.stderr.count("pbl blend:") == 1, said
        left = set(content(folder)) - set(INPUTS) - {"s.csv", "s.recipe.json"}
        if not killed and kind != "unlink":
            assert not [name for name in left if name.endswith(".pbl-tmp")], f"{said} {left}"
        again = afterwards(folder, BLEND)
        assert again.code == 0, f"{said} then {again.talk}"
        assert sound(folder) == new, said
        assert (folder / "s.recipe.json").exists(), said
        left = {name for name in set(content(folder)) - set(INPUTS) if not name.endswith(".pbl-tmp")}
        assert left == {"s.csv", "s.recipe.json"}, f"{said} then {again.talk} {left}"
        assert {name: (folder / name).read_bytes() for name in INPUTS} == INPUTS, said


@pytest.fixture(scope="module")
def parquet_pairs(tmp_path_factory):
    """Give inputs in Parquet, one of them in parts, the old pair of a submission in Parquet, and its new content."""
    folder = fresh(tmp_path_factory.mktemp("parquet") / "f", {})
    rows = {f"id{n}": float(n) for n in range(40)}
    put(folder / "a.parquet", rows)
    put_parts(folder / "b", rows, 13)
    inputs = content(folder)
    words = ("blend", "a.parquet", "b=b/", "--output", "s.parquet")
    assert run(folder, [*words, "--weights", "1", "3", "--clip-max", "7"]).returncode == 0
    old = {name: data for name, data in content(folder).items() if name not in inputs}
    assert set(old) == {"s.parquet", "s.parquet.recipe.json"}
    assert run(folder, words).returncode == 0
    return inputs, words, old, (folder / "s.parquet").read_bytes()


@pytest.mark.parametrize("start", ["nothing", "an old pair"])
@pytest.mark.parametrize("kind", [kind for kind in KINDS if kind != "write"])  # which wakes polars' threads, too
def test_a_blend_in_parquet_leaves_the_old_pair_or_the_new_one_whatever_call_fails(
    kind, start, tmp_path, parquet_pairs
):
    inputs, words, kept, new = parquet_pairs
    old = kept if start == "an old pair" else {}
    folder = tmp_path / "f"
    for what, done, killed in walk(folder, inputs | old, words, kind):
        said = f"{what} exit {done.returncode}: {done.stderr}"
        submission = sound(folder, "s.parquet")
        assert submission in (old.get("s.parquet"), new), said
        if done.returncode == 0:
            assert submission == new, said
        elif not killed:
            assert done.returncode == 2, said
            assert done.stderr.count("pbl blend:") == 1, said
        left = set(content(folder)) - set(inputs)
        if not killed and kind != "unlink":
            assert not [name for name in left if name.endswith(".pbl-tmp")], f"{said} {left}"
        again = afterwards(folder, words)
        assert again.code == 0, f"{said} then {again.talk}"
        assert sound(folder, "s.parquet") == new, said
        assert {name: (folder / name).read_bytes() for name in inputs} == inputs, said


CALLS = ("write", "fsync", "rename", "link", "unlink")
FLOWING = """
import errno, json, os, signal, stat, sys
from pbl.__main__ import main
from pbl.domain import limits
limits.SIZES = limits.Sizes(large=1, block=64, rows=1)
calls, fault, when, *words = sys.argv[1:]
sys.argv[1:] = words
seen, leave = dict.fromkeys(calls.split(","), 0), os._exit
def watch(call):
    really = getattr(os, call)
    def faulty(what, *more, **how):
        if isinstance(what, int) and not stat.S_ISREG(os.fstat(what).st_mode):
            return really(what, *more, **how)
        seen[call] += 1
        if seen[call] == int(when.rstrip("+")) or (when.endswith("+") and seen[call] > int(when[:-1])):
            if fault == "KILL":
                os.kill(os.getpid(), signal.SIGKILL)
            raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)))
        return really(what, *more, **how)
    setattr(os, call, faulty)
def leaving(code):
    if when == "0":
        sys.stderr.write(f"calls: {json.dumps(seen)}")
        sys.stderr.flush()
    leave(code)
for call in seen:
    watch(call)
os._exit = leaving
main()
"""


def flowing(folder, call, fault, when, words=BLEND):
    """Blend as large files are, in many pieces, a call of pbl's own failing: DuckDB's few are walked above."""
    command = [sys.executable, "-c", FLOWING, call, fault, when, *words]
    return subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True, timeout=120, check=False)


@cache
def undisturbed(before, words=BLEND):
    """Give what a large blend writes where nothing fails, and how often it makes each call: one run tells for all."""
    with tempfile.TemporaryDirectory() as name:
        folder = fresh(Path(name) / "f", dict(before))
        whole = flowing(folder, ",".join(CALLS), "EIO", "0", words)
        assert whole.returncode == 0, whole.stderr
        return sound(folder, words[-1]), json.loads(whole.stderr.rpartition("calls: ")[2])


@pytest.mark.parametrize("start", ["nothing", "an old pair"])
@pytest.mark.parametrize("call", CALLS)
def test_a_large_blend_leaves_the_old_pair_or_the_new_one_whatever_call_fails(call, start, tmp_path, pairs):
    old = pairs[0] if start == "an old pair" else {}
    folder = tmp_path / "f"
    new, made = undisturbed(tuple((INPUTS | old).items()))
    assert new == pairs[1]
    many = made[call]
    assert many >= (7 if call == "write" else 1)
    turn = count(sum(map(ord, call + start)))
    for n, fault in ((n, fault) for n in range(1, many + 1) for fault in ("KILL", "ENOSPC", "EIO", "ENOSPC+", "EIO+")):
        if not THOROUGH and next(turn) % SAMPLE:
            continue
        fresh(folder, INPUTS | old)
        done = flowing(folder, call, fault.rstrip("+"), f"{n}{'+' * fault.endswith('+')}")
        killed = done.returncode == -signal.SIGKILL
        said = f"{call} {n} {fault}: exit {done.returncode}: {done.stderr}"
        assert "Traceback" not in done.stderr, said
        assert killed or done.returncode in {0, 2}, said
        assert killed == (fault == "KILL"), said
        submission = sound(folder)
        assert submission in (old.get("s.csv"), pairs[1]), said
        if done.returncode == 0:
            assert submission == pairs[1], said
        elif not killed:
            assert done.stderr.count("pbl blend:") == 1, said
        left = set(content(folder)) - set(INPUTS) - {"s.csv", "s.recipe.json"}
        assert killed or call == "unlink" or not [name for name in left if name.endswith(".pbl-tmp")], f"{said} {left}"
        again = afterwards(folder, BLEND)
        assert again.code == 0, f"{said} then {again.talk}"
        assert sound(folder) == pairs[1], said
        assert {name: (folder / name).read_bytes() for name in INPUTS} == INPUTS, said


@pytest.mark.parametrize("start", ["nothing", "an old pair"])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_large_blend_in_parquet_leaves_the_old_pair_or_the_new_one_whatever_call_fails(
    call, start, tmp_path, parquet_pairs
):
    inputs, words, kept, _ = parquet_pairs
    old = kept if start == "an old pair" else {}
    folder = tmp_path / "f"
    new, made = undisturbed(tuple((inputs | old).items()), words)
    many = made[call]
    assert many >= 2  # the submission and its recipe
    turn = count(sum(map(ord, call + start)))
    for n, fault in ((n, fault) for n in range(1, many + 1) for fault in ("KILL", "ENOSPC", "EIO", "ENOSPC+", "EIO+")):
        if not THOROUGH and next(turn) % SAMPLE:
            continue
        fresh(folder, inputs | old)
        done = flowing(folder, call, fault.rstrip("+"), f"{n}{'+' * fault.endswith('+')}", words)
        said = f"{call}:{fault}:{n} exit {done.returncode}: {done.stderr}"
        assert "Traceback" not in done.stderr, said
        assert sound(folder, "s.parquet") in (old.get("s.parquet"), new), said
        if fault != "KILL":
            assert done.returncode == 2, said
            assert ("the disk is full" if "ENOSPC" in fault else "input/output error") in done.stderr, said
            assert set(content(folder)) <= {*inputs, *kept}, said
