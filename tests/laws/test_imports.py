"""Light at rest: starting pbl loads only what answering needs. Never a timed test."""

import json
import subprocess
import sys
from pathlib import Path

import pytest

from pbl.cli.app import COMMANDS, app, load_command

ROOT = Path(__file__).resolve().parents[2]
HEAVY = (
    "duckdb",
    "numpy",
    "pandas",
    "pandera",
    "polars",
    "pydantic",
    "pydantic_core",
    "rich.table",
    "scipy",
    "sklearn",
)

# What a small blend of CSV files needs no part of: Parquet, pbl.toml, constraints, cards, a closer look at bad files.
NEEDLESS = {
    "ctypes",
    "duckdb",
    "fractions",
    "html",
    "importlib.resources",
    "pandera",
    "pbl.blending._align_frames",
    "pbl.blending._write_parquet",
    "pbl.blending.residuals",
    "pbl.checks._one_file",
    "polars",
    "tomllib",
    "zipfile",
}

# Typer 0.29 loads it at a command's first parameter, earlier ones don't. It is no import of ours (import-linter).
TYPER_S_OWN = {"pydantic", "pydantic_core"}

# Runs pbl as its script does, then tells what the process has loaded: the last line of stderr.
# main leaves by os._exit, which would leave us no time to look.
LOOK = """
import json, os, sys
os._exit = sys.exit
status = 0
try:
    {act}
except SystemExit as stop:
    status = stop.code or 0
print(json.dumps([status, sorted(sys.modules)]), file=sys.stderr)
"""


def heavy_modules_after(act: str, *arguments: str) -> set[str]:
    """Run `act` in a fresh Python and give the heavy modules it has loaded."""
    return modules_after(act, *arguments) & set(HEAVY)


def modules_after(act: str, *arguments: str) -> set[str]:
    """Run `act` in a fresh Python and give the modules it has loaded."""
    done = subprocess.run(
        [sys.executable, "-c", LOOK.format(act=act), *arguments],
        stdin=subprocess.DEVNULL,
        capture_output=True,
        text=True,
        check=True,
    )
    *talk, look = done.stderr.splitlines()
    status, modules = json.loads(look)
    assert status == 0, "\n".join(talk)
    assert "pbl" in modules
    return set(modules)


def heavy_modules_after_command(*arguments: str) -> set[str]:
    return heavy_modules_after("from pbl.__main__ import main; sys.exit(main())", *arguments)


def test_importing_pbl_loads_nothing_heavy():
    assert heavy_modules_after("import pbl") == set()


def test_importing_what_goes_into_a_spark_job_loads_nothing_heavy_and_needs_no_pyspark():
    assert heavy_modules_after("import sys; sys.modules['pyspark'] = None; import pbl.spark") == set()


@pytest.mark.parametrize(
    "line",
    [
        "--help",
        "--version",
        "blend --help",
        "init --help",
        "log-run --help",
        "score --help",
        "tune --help",
        "validate --help",
    ],
)
def test_asking_pbl_about_itself_loads_nothing_heavy(line):
    assert heavy_modules_after_command(*line.split()) - TYPER_S_OWN == set()


def test_the_list_of_heavy_modules_names_what_is_installed():
    """A misspelt name in the list would never be found loaded."""
    loaded = heavy_modules_after("import duckdb, pandera.polars, pbl, polars, pydantic, rich.table, sklearn")
    assert loaded >= set(HEAVY) - {"numpy", "pandas"}


def test_every_question_is_asked():
    code = "".join(path.read_text(encoding="utf-8") for path in (ROOT / "src").rglob("*.py"))
    questions = ROOT / "sql" / "pbl_sql"
    asked = [path.relative_to(questions).with_suffix("").as_posix() for path in questions.rglob("*.sql")]
    assert asked
    assert [name for name in asked if f'"{name}"' not in code] == []


def test_what_typer_asks_of_commands_is_no_text_that_it_must_evaluate():
    """It evaluates each annotation twice, at every start, --help too: that took a tenth of the time."""
    loaded = [load_command(name) for name in COMMANDS]
    inner = [command for each in loaded for command in getattr(each, "commands", {}).values()]
    callbacks = [app.registered_callback.callback, *(each.callback.__wrapped__ for each in (*loaded, *inner))]
    assert len(callbacks) > 18
    texts = {
        (callback.__name__, name)
        for callback in callbacks
        for name, annotation in callback.__annotations__.items()
        if isinstance(annotation, str)
    }
    assert texts == set()


@pytest.mark.parametrize("name", COMMANDS)
def test_the_list_of_commands_has_the_first_line_of_each_help(name):
    assert load_command(name).help.splitlines()[0] == COMMANDS[name]


def test_each_command_is_in_the_list():
    modules = {path.stem.replace("_", "-") for path in (ROOT / "src/pbl/cli/commands").glob("[a-z]*.py")}
    assert set(COMMANDS) == modules


def test_the_list_of_commands_loads_none_of_them():
    act = "import pbl.cli.app; print(*[m for m in sys.modules if m.startswith('pbl.cli.commands.')])"
    done = subprocess.run([sys.executable, "-c", f"import sys; {act}"], capture_output=True, text=True, check=True)
    assert done.stdout.split() == []


def test_a_small_blend_loads_nothing_that_it_does_without(tmp_path):
    """Each of these takes a millisecond or more of the 150 that it takes in all."""
    for name in ("one", "two"):
        (tmp_path / f"{name}.csv").write_text("sample_id,target\na,1\nb,2\n")
    files = [f"{name}={tmp_path / name}.csv" for name in ("one", "two")]
    act = "from pbl.__main__ import main; sys.exit(main())"
    line = ["blend", *files, "--weights", "1", "1", "--output", str(tmp_path / "out.csv")]
    loaded = modules_after(act, *line)
    assert loaded & {"_duckdb", "duckdb"}
    of_duckdb = modules_after("import pbl, duckdb") if "duckdb" in loaded else set()  # 1.3 has no engine apart
    assert loaded & NEEDLESS - of_duckdb == set()
