"""What ships is what is tested: sdist -> wheel -> an environment without the source tree -> the demo from elsewhere."""

import ast
import os
import re
import shutil
import subprocess
import sys
import sysconfig
import tarfile
import zipfile
from email import message_from_bytes
from pathlib import Path, PurePosixPath

import pytest

import pbl

ROOT = Path(__file__).resolve().parents[2]
DISTRIBUTIONS = {"sklearn": "scikit-learn", "PIL": "pillow", "vl_convert": "vl-convert-python"}
PACKAGES = ("src/pbl", "schemas/pbl_schemas", "sql/pbl_sql")
BESIDE_THE_CODE = (
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    *(path.name for path in ROOT.glob("constraints*.txt")),
)

# One worker builds for all.
pytestmark = pytest.mark.xdist_group("packaging")


@pytest.fixture(scope="module")
def built(tmp_path_factory):
    """Build the sdist, and the wheel from the sdist; give the folder that holds both."""
    folder = tmp_path_factory.mktemp("built")
    run(sys.executable, "-m", "build", "--no-isolation", "--outdir", folder, ROOT, cwd=folder)
    return folder


@pytest.fixture(scope="module")
def wheel(built):
    [wheel] = built.glob("*.whl")
    return wheel


@pytest.fixture(scope="module")
def sdist(built):
    [sdist] = built.glob("*.tar.gz")
    return sdist


@pytest.fixture(scope="module")
def scripts(wheel, tmp_path_factory):
    """Install the wheel in a clean environment, offline; give the folder of its commands.

    The libraries are those of the environment that runs the tests, by a .pth line that names its site-packages. Python
    doesn't follow the .pth files in a folder that came by a .pth, so the editable install in there, which is one, stays
    out, and with it the source tree. pip, too, is the tests' own, told to work on the other environment.
    """
    place = tmp_path_factory.mktemp("clean") / "venv"
    run(sys.executable, "-m", "venv", "--without-pip", place, cwd=place.parent)
    scripts = place / ("Scripts" if os.name == "nt" else "bin")
    libraries = "\n".join(dict.fromkeys((sysconfig.get_path("purelib"), sysconfig.get_path("platlib"))))
    site_packages = run(scripts / "python", "-c", "import sysconfig; print(sysconfig.get_path('purelib'))", cwd=place)
    Path(site_packages.strip(), "libraries-of-the-tests.pth").write_text(libraries + "\n", encoding="utf-8")
    run(scripts / "python", "-c", "import pbl", cwd=place, status=1)
    run(
        *(sys.executable, "-m", "pip", "--python", scripts / "python"),
        *("install", "--quiet", "--no-index", "--no-deps", "--no-input", "--disable-pip-version-check", wheel),
        cwd=place,
    )
    return scripts


@pytest.fixture
def elsewhere(tmp_path):
    """Copy the example to a folder that has nothing else of the project."""
    shutil.copytree(ROOT / "examples" / "biomass", tmp_path / "biomass")
    return tmp_path


def test_the_wheel_holds_the_tracked_files_and_no_other(wheel):
    in_wheel = {name for name in zipfile.ZipFile(wheel).namelist() if ".dist-info/" not in name}
    assert in_wheel == {path.split("/", 1)[1] for path in tracked(*PACKAGES)}


def test_the_wheel_is_pure_and_typed(wheel):
    assert wheel.name.endswith("-py3-none-any.whl")
    names = zipfile.ZipFile(wheel).namelist()
    assert {"pbl/py.typed", "pbl_schemas/py.typed", "pbl_sql/py.typed"} <= set(names)


def test_the_wheel_carries_the_version_and_the_licence(wheel):
    metadata, names = metadata_of(wheel)
    assert metadata["Version"] == pbl.__version__
    assert metadata["License-Expression"] == "MIT"
    assert any(name.endswith("/licenses/LICENSE") for name in names)


def test_every_imported_library_is_declared(wheel):
    metadata, _ = metadata_of(wheel)
    brought = {"pandas", "scipy", "threadpoolctl"}  # by scikit-learn, or the user's own, for a metric file
    brought |= {"jinja2", "markupsafe"}  # by altair
    declared = {re.split(r"[^\w.-]", line, maxsplit=1)[0] for line in metadata.get_all("Requires-Dist")}
    assert {DISTRIBUTIONS.get(name, name) for name in imported_libraries() - brought} == declared


def test_the_sdist_holds_what_testing_it_needs(sdist):
    with tarfile.open(sdist) as archive:
        names = {str(PurePosixPath(*PurePosixPath(name).parts[1:])) for name in archive.getnames()}
    assert {*tracked("src", "schemas", "sql", "tests", "examples"), *BESIDE_THE_CODE} <= names


def test_the_installed_code_is_the_wheel_s(scripts, elsewhere):
    look = "import pbl, pbl_schemas, pbl_sql; print(pbl.__file__, pbl_schemas.__file__, pbl_sql.__file__, sep='\\n')"
    places = run(scripts / "python", "-c", look, cwd=elsewhere).splitlines()
    assert [Path(place).is_relative_to(scripts.parent) for place in places] == [True] * 3


def test_the_installed_wheel_validates_blends_and_logs_from_another_folder(scripts, elsewhere):
    pbl = scripts / "pbl"
    run(pbl, "validate", "biomass/pillars", cwd=elsewhere)
    run(pbl, "blend", "biomass/pillars", "--clip-min", "0", "--output", "submission.csv", cwd=elsewhere)
    run(pbl, "log-run", "submission.csv", "--label", "packaged", "--logs", "logs", cwd=elsewhere)

    template = (elsewhere / "biomass" / "pillars" / "sample_submission.csv").read_text(encoding="utf-8")
    submission = (elsewhere / "submission.csv").read_text(encoding="utf-8")
    assert ids(submission) == ids(template)
    assert (elsewhere / "submission.recipe.json").is_file()
    [log] = (elsewhere / "logs").glob("scores_*_packaged.csv")
    header, row = log.read_text(encoding="utf-8").splitlines()
    assert header.startswith("pillar,model,processed_cv,")
    assert row.startswith("blend,")


def test_the_installed_wheel_finds_the_faults_of_a_broken_file(scripts, elsewhere):
    assert "PBL" in run(scripts / "pbl", "validate", "biomass/broken", cwd=elsewhere, status=1)


def run(*command, cwd, status=0):
    """Run a command without the environment of the tests' Python; give its stdout. Its stderr shows in a failure."""
    environment = {name: value for name, value in os.environ.items() if not name.startswith("PYTHON")}
    done = subprocess.run(
        [os.fspath(part) for part in command],
        cwd=cwd,
        env=environment,
        stdin=subprocess.DEVNULL,
        capture_output=True,
        encoding="utf-8",
        check=False,
    )
    assert done.returncode == status, f"{command}\n{done.stdout}\n{done.stderr}"
    return done.stdout


def tracked(*folders):
    """Give the files that git tracks or would track; outside a repository (an unpacked sdist) all but caches."""
    if (ROOT / ".git").exists():
        listed = run("git", "ls-files", "-z", "--cached", "--others", "--exclude-standard", "--", *folders, cwd=ROOT)
        return {path for path in listed.split("\0") if path and (ROOT / path).exists()}
    found = (path for name in folders for path in (ROOT / name).rglob("*") if path.is_file())
    return {path.relative_to(ROOT).as_posix() for path in found if not {"__pycache__", ".hypothesis"} & set(path.parts)}


def imported_libraries():
    """Give the top-level names that the packages import and neither Python nor the project itself has."""
    names = set()
    for path in (file for package in PACKAGES for file in (ROOT / package).rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Import):
                names |= {alias.name for alias in node.names}
            elif isinstance(node, ast.ImportFrom) and node.level == 0:
                names.add(node.module)
    own = {package.rpartition("/")[2] for package in PACKAGES}
    return {name.split(".")[0] for name in names} - own - set(sys.stdlib_module_names)


def metadata_of(wheel):
    archive = zipfile.ZipFile(wheel)
    names = archive.namelist()
    [metadata] = [name for name in names if name.endswith(".dist-info/METADATA")]
    return message_from_bytes(archive.read(metadata)), names


def ids(csv):
    return [line.split(",")[0] for line in csv.splitlines()]
