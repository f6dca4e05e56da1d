"""The environment changes no verdict, neither through the command line nor through Python."""

import errno
import json
import os
import subprocess
import sys
from pathlib import Path

import pbl_schemas
import pbl_sql
import pytest
from support.making import process, write

import pbl
from pbl.cli import options

TWISTS = {
    "Pandera switched off": {"PANDERA_VALIDATION_ENABLED": "False"},
    "Pandera weakened": {"PANDERA_VALIDATION_DEPTH": "SCHEMA_ONLY", "PANDERA_CACHE_DATAFRAME": "True"},
    "Pandera confused": {"PANDERA_VALIDATION_DEPTH": "garbage", "PANDERA_VALIDATION_ENABLED": "perhaps"},
    "another Pandera backend": {"PANDERA_USE_NARWHALS_BACKEND": "True", "PANDERA_KEEP_CACHED_DATAFRAME": "True"},
    "Turkish, far away, no colours": {
        "LC_ALL": "tr_TR.UTF-8",
        "TZ": "Pacific/Kiritimati",
        "NO_COLOR": "1",
        "TERM": "dumb",
    },
    "no locale at all": {"LC_ALL": "C", "LANG": "", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "FORCE_COLOR": "1"},
    "German commas": {
        "LC_ALL": "de_DE.UTF-8",
        "LC_NUMERIC": "de_DE.UTF-8",
        "COLUMNS": "20",
        "PYTHONIOENCODING": "latin-1",
    },
    "nowhere to put temporaries": {"TMPDIR": "/nonexistent", "HOME": "/nonexistent", "XDG_CACHE_HOME": "/dev/null"},
    "polars set up by somebody": {
        "POLARS_MAX_THREADS": "1",
        "POLARS_AUTO_USE_AZURE_STORAGE_ACCOUNT_KEY": "1",
        "POLARS_FORCE_ASYNC": "1",
        "POLARS_ENGINE_AFFINITY": "streaming",
        "POLARS_FMT_MAX_ROWS": "1",
    },
    "no threads": {"POLARS_MAX_THREADS": "0"},
    "threads without number": {"POLARS_MAX_THREADS": "abc", "POLARS_VERBOSE": "1"},
    "another build of the engine": {"POLARS_FORCE_PKG": "64"},
    "Python set up by somebody": {
        "PYTHONHASHSEED": "7",
        "PYTHONOPTIMIZE": "2",
        "PYTHONWARNINGS": "error::FutureWarning",
    },
}
LIMITED = """
import sys
from pbl.cli.app import app
try:
    app(args=["validate", sys.argv[1], "--threads", "1"])
except SystemExit:
    import polars
    print(polars.thread_pool_size(), file=sys.stderr)
"""
API = "import json, pbl, sys; print(json.dumps(pbl.validate(*sys.argv[1:]).to_json()))"


def verdict(text):
    report = json.loads(text)
    return report["ok"], report["findings"], report["summary"]


@pytest.fixture(scope="module")
def files(tmp_path_factory):
    """Give a file with one of each fault of a cell, and a sound one with letters from far away."""
    folder = tmp_path_factory.mktemp("files")
    cells = ["1", "nan", "inf", "1,5", "", "abc", "1e400", "1_000", " 1", "İ", "0x10"]
    bad = [(f"id{n}", f'"{cell}"') for n, cell in enumerate(cells)] + [("id1", "2"), ("", "3"), (" x", "4")]
    good = [("\u0131İiI", "0.1"), ("日本語", "1e-7"), ("ß", "-2.5e300"), ("é", "0.30000000000000004")]
    return [write(folder / "bad.csv", bad), write(folder / "good.csv", good)]


@pytest.fixture(scope="module")
def plain(files):
    """Give the verdict and the blend where nothing is set."""
    checked = process("validate", *files, "--format", "json")
    assert checked.code == 1
    codes = {finding["code"] for finding in json.loads(checked.out)["findings"]}
    assert codes >= {"PBL401", "PBL402", "PBL404", "PBL501", "PBL502", "PBL503", "PBL504"}
    return checked.out, process("blend", files[1], "--output", "-").data


@pytest.mark.parametrize("twist", TWISTS)
def test_no_variable_changes_what_the_command_line_says(twist, files, plain):
    done = process("validate", *files, "--format", "json", env=TWISTS[twist])
    assert (done.code, done.out, done.talk) == (1, plain[0], "")


@pytest.mark.parametrize("twist", TWISTS)
def test_no_variable_changes_a_byte_of_a_blend(twist, files, plain):
    done = process("blend", files[1], "--output", "-", env=TWISTS[twist])
    assert (done.code, done.data) == (0, plain[1]), done.talk


CORES = """
import importlib, os, sys, threading
from pbl.cli.app import app
checks, made = importlib.import_module("pbl.checks.validate"), importlib.import_module("pbl.blending._submission")
open_files = checks.open_files
def looking(*words, **names):
    thread = threading.Thread(target=lambda: print(len(os.sched_getaffinity(0)), file=sys.stderr))
    thread.start()
    thread.join()
    return open_files(*words, **names)
checks.open_files = made.open_files = looking
try:
    app(args=sys.argv[1:])
except SystemExit:
    print(len(os.sched_getaffinity(0)), file=sys.stderr)
"""


@pytest.mark.parametrize("first", ["", "import pandera.polars; "], ids=["pbl first", "Pandera first"])
@pytest.mark.parametrize("twist", [t for t in TWISTS if "Pandera" in t or "polars" in t])
def test_no_variable_changes_what_python_is_told(twist, first, files, plain):
    if first and "confused" in twist:
        pytest.skip("Pandera doesn't load then, with or without pbl")
    told = python(first + API, *files, env=TWISTS[twist])
    assert told.returncode == 0, told.stderr
    assert verdict(told.stdout) == verdict(plain[0])


def test_a_number_of_threads_binds_polars_too(files):
    told = python(LIMITED, files[0]).stderr  # beside numpy, DuckDB's binding may tell of leaks when Python ends
    assert [line for line in told.splitlines() if line.isdigit()] == ["1"]


@pytest.mark.skipif(not hasattr(os, "sched_getaffinity"), reason="this system doesn't say which cores are ours")
@pytest.mark.parametrize(("given", "cores"), [(["--threads", "1"], 1), (["--threads", "99999"], None), ([], None)])
@pytest.mark.parametrize("line", [["validate"], ["blend", "--force", "--output"]])
def test_a_number_of_threads_binds_all_of_them(line, given, cores, files, tmp_path):
    words = [*line, *([tmp_path / "out.csv"] if "--output" in line else []), *files, *given]
    told = python(CORES, *words)
    every = len(os.sched_getaffinity(0))
    assert [line for line in told.stderr.splitlines() if line.isdigit()] == [str(cores or every), str(every)]


def test_a_system_that_binds_nobody_to_cores_is_no_hindrance(monkeypatch):
    def refuse(*_):
        raise PermissionError(errno.EPERM, os.strerror(errno.EPERM))

    monkeypatch.setattr(os, "sched_getaffinity", lambda _: {0, 1, 2}, raising=False)
    monkeypatch.setattr(os, "sched_setaffinity", refuse, raising=False)
    with options.cores(1):
        pass


def python(code, *words, env=None):
    roots = os.pathsep.join(str(Path(module.__file__).parents[1]) for module in (pbl, pbl_sql, pbl_schemas))
    return subprocess.run(
        [sys.executable, "-c", code, *map(str, words)],
        env={"PATH": os.environ["PATH"], "PYTHONPATH": roots} | (env or {}),
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


ASCII = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0"}


def test_what_is_typed_where_the_locale_is_not_utf8_stands_in_output_recipe_and_toml(here):
    folder = here / "modèle"
    for name in ("é", "ü"):
        write(folder / f"{name}.csv", {"x": 1.0, "y": 2.0})
    done = process("blend", folder.name, "-w", "é=1,ü=3", "-o", "sortie_é.csv", folder=here, env=ASCII)
    assert done.code == 0, done.talk
    assert "é       1       0.2500  modèle/é.csv" in done.talk
    recipe = json.loads((here / "sortie_é.recipe.json").read_text(encoding="utf-8"))
    assert recipe["weights"] == {"é": 1.0, "ü": 3.0}
    assert [each["path"] for each in recipe["inputs"]] == ["modèle/é.csv", "modèle/ü.csv"]
    assert recipe["output"]["path"] == "sortie_é.csv"
    (here / "sortie_é.csv").unlink()
    assert process("blend", "--recipe", "sortie_é.recipe.json", folder=here, env=ASCII).code == 0
    assert (here / "sortie_é.csv").exists()
    assert process("init", folder.name, folder=here, env=ASCII).code == 0
    assert 'file = "é.csv"' in (folder / "pbl.toml").read_text(encoding="utf-8")
    done = process("validate", folder.name, "--format", "json", folder=here, env=ASCII)
    assert [each["path"] for each in json.loads(done.out)["files"]] == ["modèle/é.csv", "modèle/ü.csv"]
    assert done.code == 0
    for words in (["runs", "show", "é"], ["log-run", "sortie_é.csv", "--label", "é"]):
        done = process(*words, folder=here, env=ASCII)
        assert (done.code, "'é'" in done.talk) == (2, True), done.talk
