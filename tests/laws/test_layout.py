"""The house keeps its plan: what is private stays in its room, no file grows without end, nothing strange lies about.

That no two files need each other, and which room stands on which, is import-linter's to say (`make check`).
"""

import ast
import subprocess
from pathlib import Path

import pytest

ROOT = Path(__file__).resolve().parents[2]
PACKAGES = [ROOT / "src" / "pbl", ROOT / "schemas" / "pbl_schemas", ROOT / "sql" / "pbl_sql"]
MODULES = {
    ".".join(path.relative_to(package.parent).with_suffix("").parts): path
    for package in PACKAGES
    for path in sorted(package.rglob("*.py"))
}
MOST_LINES = 300
FOLDERS = {".ci", "benchmarks", "docs", "examples", "run_logs", "schemas", "sql", "src", "tests"}
FILES = {
    ".gitattributes",
    ".gitignore",
    "CHANGELOG.md",
    "CONTRIBUTING.md",
    "LICENSE",
    "Makefile",
    "README.md",
    "SECURITY.md",
    "constraints-embed.txt",
    "constraints-kaggle.txt",
    "constraints.txt",
    "pyproject.toml",
}


def private_imports(modules):
    """Give each module with what it imports of another room though a name in it begins with an underscore.

    Imports for type checkers and those within functions count.
    """
    for module, path in modules.items():
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            for imported in sorted(imported_by(node)):
                if is_private(imported) and not module.startswith(f"{room(imported)}."):
                    yield module, imported


def imported_by(node):
    """Give what an import statement may mean; a name taken from a module may be one itself."""
    if isinstance(node, ast.Import):
        return {alias.name for alias in node.names}
    if not isinstance(node, ast.ImportFrom):
        return set()
    assert not node.level, "imports are absolute"
    own = {f"{node.module}.{alias.name}" for alias in node.names if is_private(f".{alias.name}")}
    return own or {node.module}


def is_private(name):
    return any(part.startswith("_") and not part.startswith("__") for part in name.split(".")[1:])


def room(module):
    """Give the package that a module is private to: its room, or the whole for what lies on top."""
    return ".".join(module.split(".")[: 2 if module.count(".") > 1 else 1])


def test_a_module_with_an_underscore_is_imported_within_its_room_only():
    ours = [(module, name) for module, name in private_imports(MODULES) if name.startswith(("pbl.", "pbl_"))]
    assert set(ours) == set()


def test_the_law_of_the_underscore_notices_what_breaks_it(tmp_path):
    for name, text in (
        ("pbl.one.a", "def f():\n    from pbl.two._b import y"),
        ("pbl.one.b", "from typing import TYPE_CHECKING\nif TYPE_CHECKING:\n    from pbl.two import _b"),
        ("pbl.one.c", "from pbl._version import __version__\nimport pbl.one._d"),
    ):
        (tmp_path / name).write_text(text)
    made = {path.name: path for path in tmp_path.iterdir()}
    assert sorted(private_imports(made)) == [("pbl.one.a", "pbl.two._b"), ("pbl.one.b", "pbl.two._b")]


def test_no_module_is_longer_than_a_person_reads_at_once():
    kept = {module: path.read_text(encoding="utf-8").count("\n") for module, path in MODULES.items()}
    long = {("src", MODULES[module].name) for module, lines in kept.items() if lines > MOST_LINES}
    assert long == set()


def test_nothing_but_the_plan_lies_at_the_top():
    if not (ROOT / ".git").exists():
        pytest.skip("only a checkout says what is tracked")
    listed = subprocess.check_output(["git", "ls-files", "-z"], cwd=ROOT, text=True).split("\0")
    assert {path.split("/")[0] for path in listed if path} == FOLDERS | FILES
