"""Death and disk faults at every call of a blend and of a log-run that changes a file (strace counts and injects them).

`PBL_THOROUGH=1` walks every call with every fault; else a sample is taken.
"""

import csv
import hashlib
import io
import json
import os
import re
import shutil
import signal
import subprocess
import sys
from itertools import count
from pathlib import Path

import pbl_schemas
import pbl_sql
import pytest
from support.effort import THOROUGH
from support.parquet import put, put_parts

import pbl

NAMES = {"rename": "rename,renameat,renameat2", "link": "link,linkat", "unlink": "unlink,unlinkat", "fchmod": "fchmod"}
KINDS = ("write", "pwrite64", "fsync", "rename", "link", "unlink", "ftruncate", "fchmod")
FAULTS = (
    "signal=KILL:when={n}",
    "error=ENOSPC:when={n}",
    "error=EIO:when={n}",
    "error=ENOSPC:when={n}+",
    "error=EIO:when={n}+",
)
SAMPLE = 11
ROOTS = os.pathsep.join(str(Path(module.__file__).parents[1]) for module in (pbl, pbl_sql, pbl_schemas))
ENV = {"PATH": os.environ["PATH"], "PYTHONPATH": ROOTS, "PYTHONDONTWRITEBYTECODE": "1", "HOME": "/nonexistent"}

pytestmark = pytest.mark.skipif(not shutil.which("strace"), reason="strace is not installed: faults can't be injected")


def run(folder, words, *before):
    """Run pbl, perhaps under strace."""
    command = [*before, sys.executable, "-m", "pbl", *words]
    return subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True, timeout=120, check=False)


def injected(folder, words, kind, fault):
    quick = [] if "signal" in fault else ["--seccomp-bpf"]  # which loses injected signals
    calls = NAMES.get(kind, kind)
    tracer = ["strace", "-f", "-qq", "-o", os.devnull, *quick, f"--trace={calls}", f"--inject={calls}:{fault}"]
    return run(folder, words, *tracer)


def calls(folder, words, kind):
    """Count how often an undisturbed run makes a call."""
    trace = folder.with_name(f"trace-{kind}")
    done = run(folder, words, "strace", "-f", "-qq", "-o", str(trace), f"--trace={NAMES.get(kind, kind)}")
    assert done.returncode == 0, done.stderr
    return len(re.findall(rf"^\d+ +{kind}\w*\(", trace.read_text(), re.MULTILINE))


def fresh(folder, files):
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir()
    for name, data in files.items():
        path = folder / name
        path.parent.mkdir(exist_ok=True)
        path.write_bytes(data)
    return folder


def content(folder):
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(folder.rglob("*")) if p.is_file()}


def walk(folder, before, words, kind):
    """Yield every run with a fault: how it was disturbed and how it ended, its traces in the folder.

    strace counts calls a thread, so that the last numbers may find nothing to disturb.
    """
    turn = count(sum(map(ord, kind + " ".join(words))))
    for n in range(1, calls(fresh(folder, before), words, kind) + 1):
        for fault in (text.format(n=n) for text in FAULTS):
            if THOROUGH or next(turn) % SAMPLE == 0:
                fresh(folder, before)
                done = injected(folder, words, kind, fault)
                assert "Traceback" not in done.stderr, (kind, fault, done.stderr)
                yield f"{kind}:{fault}", done, done.returncode == -signal.SIGKILL


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
        again = run(folder, BLEND)
        assert again.returncode == 0, f"{said} then {again.stderr}"
        assert sound(folder) == new, said
        assert (folder / "s.recipe.json").exists(), said
        left = {name for name in set(content(folder)) - set(INPUTS) if not name.endswith(".pbl-tmp")}
        assert left == {"s.csv", "s.recipe.json"}, f"{said} then {again.stderr} {left}"
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
        again = run(folder, words)
        assert again.returncode == 0, f"{said} then {again.stderr}"
        assert sound(folder, "s.parquet") == new, said
        assert {name: (folder / name).read_bytes() for name in inputs} == inputs, said


FLOWING = """
import errno, os, signal, stat, sys
from pbl.__main__ import main
from pbl.domain import limits
limits.SIZES = limits.Sizes(large=1, block=64, rows=1)
call, fault, when, *words = sys.argv[1:]
sys.argv[1:] = words
seen, really, leave = 0, getattr(os, call), os._exit
def faulty(what, *more, **how):
    global seen
    if isinstance(what, int) and not stat.S_ISREG(os.fstat(what).st_mode):
        return really(what, *more, **how)
    seen += 1
    if seen == int(when.rstrip("+")) or (when.endswith("+") and seen > int(when[:-1])):
        if fault == "KILL":
            os.kill(os.getpid(), signal.SIGKILL)
        raise OSError(getattr(errno, fault), os.strerror(getattr(errno, fault)))
    return really(what, *more, **how)
def leaving(code):
    if when == "0":
        sys.stderr.write(f"calls: {seen}")
        sys.stderr.flush()
    leave(code)
setattr(os, call, faulty)
os._exit = leaving
main()
"""


def flowing(folder, call, fault, when, words=BLEND):
    """Blend as large files are, in many pieces, a call of pbl's own failing: DuckDB's few are walked above."""
    command = [sys.executable, "-c", FLOWING, call, fault, when, *words]
    return subprocess.run(command, cwd=folder, env=ENV, capture_output=True, text=True, timeout=120, check=False)


@pytest.mark.parametrize("start", ["nothing", "an old pair"])
@pytest.mark.parametrize("call", ["write", "fsync", "rename", "link", "unlink"])
def test_a_large_blend_leaves_the_old_pair_or_the_new_one_whatever_call_fails(call, start, tmp_path, pairs):
    old = pairs[0] if start == "an old pair" else {}
    folder = fresh(tmp_path / "f", INPUTS | old)
    whole = flowing(folder, call, "EIO", "0")
    assert sound(folder) == pairs[1], whole.stderr
    many = int(whole.stderr.rpartition("calls: ")[2])
    assert many >= (7 if call == "write" else 1), whole.stderr
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
        again = run(folder, BLEND)
        assert again.returncode == 0, f"{said} then {again.stderr}"
        assert sound(folder) == pairs[1], said
        assert {name: (folder / name).read_bytes() for name in INPUTS} == INPUTS, said


def log_run(number):
    return ("log-run", "--label", "l", "--pillar", "p", "--model", "m", "--cv", f"0.{number}", "--logs", "logs")


def the_log(folder):
    """Give the one log's name and bytes, None where there is none."""
    logs = [(name, data) for name, data in content(folder).items() if name.endswith("_l.csv")]
    assert len(logs) <= 1
    return logs[0] if logs else None


def scores(data):
    """Give the scores that a log's rows hold, seeing that each row is whole and the header there once."""
    header, *rows = csv.reader(io.StringIO(data.decode(), newline=""), strict=True)
    assert header[:3] == ["pillar", "model", "processed_cv"]
    assert {len(row) for row in rows} <= {len(header)}
    assert header not in rows
    return [row[2] for row in rows]


@pytest.fixture(scope="module")
def first_log(tmp_path_factory):
    """Give a log with one row, as pbl wrote it."""
    folder = fresh(tmp_path_factory.mktemp("logs") / "f", {})
    assert run(folder, log_run(1)).returncode == 0
    return content(folder)


@pytest.mark.parametrize("start", ["no log", "a log", "a torn log"])
@pytest.mark.parametrize("kind", ["write", "fsync", "link", "rename", "unlink", "ftruncate", "mkdir"])
def test_a_log_keeps_what_was_reported_whatever_call_fails(kind, start, tmp_path, first_log):
    (name, whole) = next(iter(first_log.items()))
    torn = b"p,m,0.9" if start == "a torn log" else b""
    before = {} if start == "no log" else {name: whole + torn}
    folder = tmp_path / "f"
    for what, done, killed in walk(folder, before, log_run(2), kind):
        said = f"{what} exit {done.returncode}: {done.stderr}"
        if done.returncode == 0:
            assert scores(the_log(folder)[1])[-1] == "0.2", said
        elif not killed:
            assert done.returncode == 2, said
            assert kind == "write" or "not logged" in done.stderr or "perhaps logged" in done.stderr, said
            if "not logged" in done.stderr:
                found = the_log(folder)
                aside = b"".join(data for n, data in content(folder).items() if ".torn-" in n)
                logged = found[1] if found else b""
                assert (whole + torn if before else b"") in (logged, logged + aside), said
        again = run(folder, log_run(3))
        assert again.returncode == 0, f"{said} then {again.stderr}"
        rows = scores(the_log(folder)[1])
        expected = ["0.1"] if before else []
        assert rows in ([*expected, "0.3"], [*expected, "0.2", "0.3"]), f"{said} {rows}"
        if done.returncode == 0:
            assert "0.2" in rows, said
        if torn:
            assert any(torn in data for n, data in content(folder).items() if ".torn-" in n), said
        assert not [n for n in content(folder) if n.endswith(".pbl-tmp") and not killed and kind != "unlink"], said


@pytest.mark.parametrize("start", ["nothing", "an old pair"])
@pytest.mark.parametrize("call", ["write", "fsync"])
def test_a_large_blend_in_parquet_leaves_the_old_pair_or_the_new_one_whatever_call_fails(
    call, start, tmp_path, parquet_pairs
):
    inputs, words, kept, _ = parquet_pairs
    old = kept if start == "an old pair" else {}
    folder = fresh(tmp_path / "f", inputs | old)
    whole = flowing(folder, call, "EIO", "0", words)
    new = sound(folder, "s.parquet")
    many = int(whole.stderr.rpartition("calls: ")[2])
    assert many >= 2, whole.stderr  # the submission and its recipe
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
