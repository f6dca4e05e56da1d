"""A room like Kaggle's: /kaggle is there, the network isn't, and neither is what Kaggle hasn't installed."""

import json
import os
import shutil
import subprocess
import sys
import sysconfig
from dataclasses import dataclass
from functools import cache
from pathlib import Path

RUNNER = Path(__file__).with_name("kaggle_run.py")
LACKING = ("pandera", "typing_inspect", "typing_inspect.py", "mypy_extensions", "mypy_extensions.py", "pillar_blend")

# A root with everything that the real one has, and a /kaggle of its own: nothing outside the namespaces changes.
ENTER = """
root=$1 kaggle=$2; shift 2
mount -t tmpfs tmpfs "$root" || exit 99
for each in /*; do
  if [ "$each" = /kaggle ]; then continue
  elif [ -L "$each" ]; then cp -P "$each" "$root$each"
  elif [ -d "$each" ]; then mkdir "$root$each" && mount --rbind "$each" "$root$each" || exit 99
  fi
done
mkdir "$root/kaggle" && mount --bind "$kaggle" "$root/kaggle" || exit 99
exec chroot "$root" "$@"
"""


@cache
def find_obstacle():
    """Say why no room can be made here, or nothing if one can."""
    if not shutil.which("unshare"):
        return "there is no unshare here"
    done = subprocess.run(
        ["unshare", "--mount", "--net", "sh", "-c", "mount -t tmpfs tmpfs /mnt"],
        capture_output=True,
        text=True,
        check=False,
    )
    return done.stderr.strip() or "a new root isn't permitted here" if done.returncode else ""


@dataclass(frozen=True)
class Ran:
    """What a notebook gave: each cell's text by the cell's id, and the error that stopped it."""

    cells: dict
    error: str | None


class Room:
    def __init__(self, folder):
        self.folder = folder
        self.kaggle = folder / "kaggle"
        self.input, self.working = self.kaggle / "input", self.kaggle / "working"
        for each in (self.input, self.working, folder / "root"):
            each.mkdir(parents=True)
        self.python = make_environment(folder / "venv")

    @property
    def submission(self):
        return self.working / "submission.csv"

    def run(self, notebook, **parameters):
        """Run a notebook with parameters set after its own, as papermill does."""
        table = json.loads(Path(notebook).read_bytes())
        place = next(n for n, cell in enumerate(table["cells"]) if "parameters" in cell["metadata"].get("tags", []))
        if parameters:
            lines = "\n".join(f"{name} = {value!r}" for name, value in parameters.items())
            table["cells"].insert(place + 1, code("injected", lines))
        given, made = self.folder / "given.ipynb", self.folder / "made.ipynb"
        given.write_text(json.dumps(table), encoding="utf-8")
        made.unlink(missing_ok=True)
        done = self.enter(self.python, RUNNER, given, made)
        assert made.exists(), done.stdout + done.stderr
        return read_outputs(json.loads(made.read_bytes()))

    def enter(self, *command):
        """Run a command in the room."""
        environment = {name: value for name, value in os.environ.items() if not name.startswith(("PYTHON", "PIP_"))}
        environment |= {"JUPYTER_PLATFORM_DIRS": "1", "HOME": str(self.folder), "IPYTHONDIR": str(self.folder / "i")}
        return subprocess.run(
            ["unshare", "--mount", "--net", "sh", "-c", ENTER, "sh", self.folder / "root", self.kaggle, *command],
            env=environment,
            stdin=subprocess.DEVNULL,
            capture_output=True,
            text=True,
            check=False,
            timeout=300,
        )


def make_environment(place):
    """Make an environment with the libraries of the tests' own, but for those that Kaggle lacks."""
    subprocess.run([sys.executable, "-m", "venv", "--without-pip", place], check=True)
    python = place / "bin" / "python"
    asked = "import sysconfig; print(sysconfig.get_path('purelib'))"
    there = Path(subprocess.run([python, "-c", asked], check=True, capture_output=True, text=True).stdout.strip())
    for libraries in dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))):
        for each in Path(libraries).iterdir():
            lacking = each.name.partition("-")[0] in LACKING or "editable" in each.name or each.suffix == ".pth"
            if not lacking and not (there / each.name).exists():
                (there / each.name).symlink_to(each)
    return python


def code(name, source):
    return {"cell_type": "code", "id": name, "metadata": {}, "source": source, "execution_count": None, "outputs": []}


def read_outputs(table):
    """Take the text out of a notebook's outputs."""
    cells, error = {}, None
    for cell in table["cells"]:
        texts = []
        for output in cell.get("outputs", ()):
            texts.append("".join(output.get("text", "")))
            if output["output_type"] == "error":
                error = "\n".join(output["traceback"])
                texts.append(error)
        cells[cell["id"]] = "".join(texts)
    return Ran(cells, error)
