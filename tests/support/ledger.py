"""Run logs to test with: what was found in the wild, runs that are logged here, and pbl run on them."""

import contextlib
import csv
import io
import json
import os
import subprocess
import sys
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from unittest import mock

from support.making import command

import pbl
from pbl.ledger._log_files import read_logs
from pbl.ledger.history import read_history
from pbl.ledger.import_scores import import_scores
from pbl.ledger.log_run import Surroundings, log_run

CASES = Path(__file__).parents[1] / "cases" / "run_logs"
PBL = [sys.executable, "-m", "pbl"]
ENV = {name: value for name, value in os.environ.items() if not name.startswith(("KAGGLE_", "GIT_"))} | {
    "COLUMNS": "100"
}
FIRST, SECOND = "20260105-aaaaaaaa", "20260105-bbbbbbbb"
"""The two runs of pbl's own among the wild logs."""
NOW = datetime(2026, 11, 23, 12, tzinfo=UTC)


@dataclass(frozen=True)
class Told:
    stdout: str
    stderr: str


def run(*words, cwd, code=0, feed="", **env):
    """Run a command of pbl in a folder and an environment, within this process, which spares the time of a start."""
    stdin = io.TextIOWrapper(io.BytesIO(feed.encode()), encoding="utf-8")
    with (
        contextlib.chdir(cwd),
        mock.patch.dict(os.environ, ENV | env, clear=True),
        mock.patch.object(sys, "stdin", stdin),
    ):
        done = command(*words)
    assert done.code == code, done.talk
    assert "Traceback" not in done.talk
    return Told(stdout=done.out, stderr=done.talk)


def run_apart(*words, cwd, **env):
    """Run a command in a process of its own: what a locale does, it does when Python starts."""
    done = subprocess.run([*PBL, *words], cwd=cwd, env=ENV | env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert "Traceback" not in done.stderr
    return done


def runs(*words, cwd, **rest):
    return run("runs", *words, cwd=cwd, **rest)


def listed(*words, cwd):
    return json.loads(runs(*words, "--format", "json", cwd=cwd).stdout)


def history(folder, **rest):
    return read_history(folder / "run_logs", spill=folder, **rest)


def one(folder, text):
    return history(folder).find(text)[0]


@dataclass(frozen=True)
class Read:
    facts: list
    troubles: list


def read(folder):
    """Read all logs of a folder, one after the other."""
    logs = read_logs(folder / "run_logs").values()
    return Read([fact for log in logs for fact in log.facts], [trouble for log in logs for trouble in log.troubles])


def bytes_of(folder):
    return {path.name: path.read_bytes() for path in (folder / "run_logs").iterdir()}


def rows_of(path):
    with path.open(encoding="utf-8", newline="") as file:
        return list(csv.DictReader(file, strict=True))


def bring(folder, name):
    """Import one of the listings that are kept as cases."""
    return put(folder, (CASES / "listings" / name).read_bytes(), name)


def put(folder, text, name="export"):
    """Import a listing."""
    data = text if isinstance(text, bytes) else text.encode()
    return import_scores(data, name=name, logs=folder / "run_logs", now=NOW, spill=folder)


def export(folder, *lines):
    """Import submissions given as `date,run id,public,private`, as an old client lists them: without ref."""
    rows = [f"s.csv,{date},pbl:{who},complete,{rest}" for date, who, rest in (each.split(",", 2) for each in lines)]
    return put(folder, "\n".join(["fileName,date,description,status,publicScore,privateScore", *rows, ""]))


def log(folder, label="base", **rest):
    """Log a run: a pillar's unless a submission or a table is named."""
    rest = {"pillar": "p", "model": "m"} | rest if not rest.keys() & {"submission", "table"} else rest
    return log_as_told(folder, label, **rest)


def log_as_told(folder, label="base", *, when=NOW, env=None, submission=None, **rest):
    surroundings = Surroundings.of(ENV | (env or {}), now=when, version="0.1.0")
    return log_run(submission, label=label, logs=folder / "run_logs", surroundings=surroundings, **rest)


def blended(folder, **weights):
    """Blend two pillars in a folder, and return the submission."""
    weights = weights or {"siglip": 0.75, "dino": 0.25}
    for n, name in enumerate(weights):
        (folder / f"{name}.csv").write_text(f"sample_id,target\na,{1 + n}\nb,{2 - n * 4}\n", encoding="utf-8")
    pillars = {name: folder / f"{name}.csv" for name in weights}
    pbl.blend(pillars=pillars, weights=weights, clip_min=0.5, output=folder / "submission.csv", force=True)
    return folder / "submission.csv"
