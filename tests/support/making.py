"""Prediction files to test with, what they should blend to, and pbl run on them in this process or one of its own."""

import io
import math
import os
import random
import subprocess
import sys
from contextlib import redirect_stderr, redirect_stdout
from dataclasses import dataclass
from fractions import Fraction
from pathlib import Path

import pbl_schemas
import pbl_sql

import pbl

FOUR = ("siglip", "dino", "mvp", "dinov2")
USUAL = {"siglip": 0.6, "dino": 0.2, "mvp": 0.1, "dinov2": 0.1}


def ids(n):
    """Make ids of the competition's form, the parts of an image together."""
    parts = ("Dry_Green_g", "Dry_Dead_g", "Dry_Clover_g", "GDM_g", "Dry_Total_g")
    return [f"ID{1001187975 + 977 * (i // 5)}__{parts[i % 5]}" for i in range(n)]


def predictions(names, seed, *, low=0.5, high=90.0):
    """Make a prediction for each id, of as many digits as models give."""
    chance = random.Random(seed)  # noqa: S311 - the same numbers each time
    return {name: chance.uniform(low, high) for name in names}


def shuffled(items, seed):
    mixed = list(items)
    random.Random(seed).shuffle(mixed)  # noqa: S311 - the same order each time
    return mixed


def write(path, rows, header=("sample_id", "target"), *, end="\n"):
    """Write a prediction file; `rows` are a mapping id -> number(s), pairs, or lines of cells that are text already."""
    path = Path(path)
    table = [(k, *(v if isinstance(v, tuple) else (v,))) for k, v in rows.items()] if isinstance(rows, dict) else rows
    lines = [header, *table]
    text = "".join(",".join(c if isinstance(c, str) else repr(c) for c in line) + end for line in lines)
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_bytes(text.encode())
    return path


def reorder(path, seed):
    """Put a file's rows into another order."""
    header, *lines = path.read_text().splitlines(keepends=True)
    path.write_text(header + "".join(shuffled(lines, seed)))


def read(path):
    """Read a submission without pbl: the header and the rows, numbers as Python reads them."""
    data = path if isinstance(path, bytes) else Path(path).read_bytes()
    header, *lines = data.decode().splitlines()
    rows = [line.split(",") for line in lines]
    return tuple(header.split(",")), [(row[0], *map(float, row[1:])) for row in rows]


def tree(folder):
    """Tell all that is in a folder, so that two moments can be compared."""
    return {str(p.relative_to(folder)): p.read_bytes() for p in sorted(Path(folder).rglob("*")) if p.is_file()}


def expected(models, weights, *, low=None, high=None, raw=False):
    """Blend by exact fractions: nothing that pbl does is done here."""
    total = Fraction(1) if raw else sum(map(Fraction, weights))
    blend = {}
    for key in models[0]:
        value = sum(Fraction(w) / total * Fraction(m[key]) for w, m in zip(weights, models, strict=True))
        value = value if low is None else max(Fraction(low), value)
        blend[key] = float(value if high is None else min(Fraction(high), value))
    return blend


def agree(rows, blend, *, relative=1e-12, absolute=0.0):
    """Say whether a submission's rows hold these values."""
    assert {row[0] for row in rows} == set(blend)
    return all(math.isclose(row[1], blend[row[0]], rel_tol=relative, abs_tol=absolute) for row in rows)


@dataclass(frozen=True)
class Four:
    """The four pillars' files, each in a row order of its own, and a template in yet another."""

    folder: Path
    models: dict
    order: list

    @property
    def paths(self):
        return {name: self.folder / f"submission_{name}.csv" for name in FOUR}

    @property
    def template(self):
        return self.folder / "sample_submission.csv"

    def expected(self, weights=None, **how):
        return expected([self.models[name] for name in FOUR], weights or tuple(USUAL.values()), **how)


def four(folder, n=40, *, template=True, seed=0):
    """Write the four pillars' files."""
    names = ids(n)
    models = {name: predictions(names, f"{name}{seed}") for name in FOUR}
    for at, name in enumerate(FOUR):
        rows = {key: models[name][key] for key in shuffled(names, at + 1 + seed)}
        write(folder / f"submission_{name}.csv", rows)
    order = shuffled(names, 99)
    if template:
        write(folder / "sample_submission.csv", dict.fromkeys(order, 0))
    return Four(folder=Path(folder), models=models, order=order)


@dataclass(frozen=True)
class Done:
    """How a command ended: its exit code, what it gave to stdout (data) and to stderr (talk)."""

    code: int
    data: bytes
    talk: str

    @property
    def out(self):
        return self.data.decode()


def command(*words):
    """Run a command within this process, which spares the time that starting one takes."""
    from pbl.cli.app import app  # noqa: PLC0415 - for those only who ask for it

    out = io.TextIOWrapper(io.BytesIO(), encoding="utf-8", write_through=True)
    err = io.StringIO()
    code = 0
    with redirect_stdout(out), redirect_stderr(err):
        try:
            app(args=[str(word) for word in words], prog_name="pbl")
        except SystemExit as stop:
            code = stop.code if isinstance(stop.code, int) else 2 if stop.code else 0
    return Done(code, out.buffer.getvalue(), err.getvalue())


def process(*words, folder=None, env=None, stdin=None, stdout=subprocess.PIPE, stderr=subprocess.PIPE):
    """Run `python -m pbl` as a process of its own, from any folder."""
    roots = dict.fromkeys(str(Path(module.__file__).parents[1]) for module in (pbl, pbl_sql, pbl_schemas))
    kept = {k: v for k, v in os.environ.items() if not k.startswith(("_", "COV", "PYTEST", "PANDERA"))}
    done = subprocess.run(
        [sys.executable, "-m", "pbl", *map(str, words)],
        cwd=folder,
        env=kept | {"PYTHONPATH": os.pathsep.join(roots)} | (env or {}),
        input=stdin,
        stdin=subprocess.DEVNULL if stdin is None else None,
        stdout=stdout,
        stderr=stderr,
        timeout=120,
        check=False,
    )
    return Done(done.returncode, done.stdout or b"", (done.stderr or b"").decode())
