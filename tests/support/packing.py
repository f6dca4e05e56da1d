"""Two pillars to pack, pbl run on them, and what it wrote."""

import json
import subprocess
from pathlib import Path

from typer.testing import CliRunner

from pbl.cli.app import app

TARGETS = ("Dry_Clover_g", "Dry_Dead_g", "Dry_Green_g", "GDM_g", "Dry_Total_g")
IDS = [f"ID{n}__{target}" for n in range(12) for target in TARGETS]
DATASET, COMPETITION = "ann/my-pillars", "csiro-biomass"
NAMES = ("--dataset", DATASET, "--competition", COMPETITION)


def pbl(*arguments, status=0):
    done = CliRunner().invoke(app, [str(each) for each in arguments])
    assert done.exit_code == status, done.output
    return done


def pack(*arguments, status=0):
    """Pack without wheels, which most tests don't need."""
    wheels = () if any(str(each).startswith("--wheels") for each in arguments) else ("--no-wheels",)
    return pbl("pack", *NAMES, *arguments, *wheels, status=status)


def as_json(done):
    return json.loads(done.stdout)


def prediction(ids, first=0.5):
    return "sample_id,target\n" + "".join(f"{i},{first + n}\n" for n, i in enumerate(ids))


def template(ids):
    return "sample_id,target\n" + "".join(f"{i},0\n" for i in ids)


def furnish(folder, ids):
    """Write the files of two pillars, in two orders and with two kinds of line ends."""
    folder.mkdir(exist_ok=True)
    (folder / "submission_siglip.csv").write_text(prediction(ids))
    (folder / "submission_dino.csv").write_text(prediction(reversed(ids), 0.25).replace("\n", "\r\n"))


def files_of(folder):
    """Give every file below a folder with its bytes."""
    return {p.relative_to(folder).as_posix(): p.read_bytes() for p in Path(folder).rglob("*") if p.is_file()}


def parameters_of(data):
    """Give the values that a notebook's first code cell sets."""
    first = next(cell for cell in json.loads(data)["cells"] if cell["cell_type"] == "code")
    values = {}
    exec("".join(first["source"]), values)  # noqa: S102 - our own text
    del values["__builtins__"]
    return values


def run(*command, env=None):
    done = subprocess.run([str(part) for part in command], env=env, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout + done.stderr
    return done.stdout
