"""The docs say what is so: the README's blocks are run, the reference and the table of findings are what the code says.

PBL_REFRESH_DOCS=1 python -m pytest -n0 tests/laws/test_docs.py puts what is so where something else stands.
"""

import os
import re
import shutil
import subprocess
import sys
from dataclasses import fields
from pathlib import Path
from textwrap import wrap

import pytest
from typer.testing import CliRunner

from pbl.cli import app as program
from pbl.domain.contract import Contract
from pbl.domain.rules import RULES, Severity
from pbl.domain.settings import Entry, MetricSettings, Settings
from pbl.project.pbl_toml import read_settings

ROOT = Path(__file__).resolve().parents[2]
README, CONTRIBUTING, CHANGELOG = (ROOT / name for name in ("README.md", "CONTRIBUTING.md", "CHANGELOG.md"))
COMMANDS, FINDINGS, TOML, SPARK = (
    ROOT / "docs" / name for name in ("commands.md", "findings.md", "pbl_toml.md", "spark.md")
)
PAGES = (README, CONTRIBUTING, CHANGELOG, COMMANDS, FINDINGS, TOML, SPARK, *sorted((ROOT / "examples").rglob("*.md")))
LONGEST_README = 250
WIDTH = 80
REPEATED = 3
"""An option that as many commands have, or as many options that the same commands have, are told once for all."""

# What differs from run to run and says nothing: only its form is compared.
VOLATILE = {
    "<run>": r"\b20\d{6}-[0-9a-z]{8}\b",
    "<date>": r"(?<!\d)20\d\d-\d\d-\d\d(?!\d)",
    "<day>": r"(?<= )\d\d-\d\d(?= )",
    "<size>": r"\b[\d,]+ bytes\b",  # of the wheels: they hold pbl's own code
}

# One worker takes the tour for all.
pytestmark = pytest.mark.xdist_group("docs")


@pytest.fixture(scope="module")
def place(tmp_path_factory):
    """Give a folder that holds the examples and nothing else of the project."""
    folder = tmp_path_factory.mktemp("tour")
    shutil.copytree(ROOT / "examples", folder / "examples", ignore=shutil.ignore_patterns("__pycache__"))
    return folder


@pytest.fixture(scope="module")
def tour(place, tmp_path_factory):
    """Type the README's console blocks, one after the other; give what they show and the folder they end in."""
    commands = tmp_path_factory.mktemp("bin")
    (commands / "pbl").write_text(f'#!/bin/sh\nexec "{sys.executable}" -m pbl "$@"\n', encoding="utf-8")
    (commands / "pbl").chmod(0o755)
    environment = {name: value for name, value in os.environ.items() if not name.startswith(("GIT_", "KAGGLE_"))}
    environment |= {"PATH": f"{commands}{os.pathsep}{os.environ['PATH']}", "COLUMNS": str(WIDTH)}
    shown = []
    for block in blocks("console"):
        now = ""
        for command in re.findall(r"^\$ ((?:.*\\\n)*.*)$", block, re.MULTILINE):
            now += f"$ {command}\n"
            if command.startswith("cd "):
                place /= command.removeprefix("cd ")
                continue
            done = subprocess.run(
                ["sh", "-c", command],
                cwd=place,
                env=environment,
                stdin=subprocess.DEVNULL,
                stdout=subprocess.PIPE,
                stderr=subprocess.STDOUT,
                encoding="utf-8",
                check=False,
            )
            now += done.stdout
            assert done.returncode == ("error PBL" in done.stdout), now
        shown.append(now)
    return shown, place


@pytest.fixture(scope="module", autouse=True)
def refreshed(request):
    """Write the README anew first, if that was asked for."""
    if os.environ.get("PBL_REFRESH_DOCS") != "1":
        return
    assert "PYTEST_XDIST_WORKER" not in os.environ, "one process writes the docs: -n0"
    shown, _ = request.getfixturevalue("tour")
    text = README.read_text(encoding="utf-8")
    for stands, now in zip(blocks("console"), shown, strict=True):
        if alike(stands) != alike(now):
            text = text.replace(f"```console\n{stands}```", f"```console\n{now}```")
    README.write_text(text, encoding="utf-8")
    for page, now in ((COMMANDS, reference()), (FINDINGS, codes())):
        page.write_text(page.read_text(encoding="utf-8").replace(told(page), now), encoding="utf-8")


def test_the_tour_shows_what_its_commands_print(tour):
    for stands, now in zip(blocks("console"), tour[0], strict=True):
        assert alike(stands) == alike(now)


def test_the_python_block_runs_after_the_tour_and_prints_what_its_comments_say(tour):
    [block] = blocks("python")
    done = subprocess.run(
        [sys.executable, "-c", block], cwd=tour[1], capture_output=True, encoding="utf-8", check=False
    )
    assert done.returncode == 0, done.stderr
    comments = re.findall(r"^ *print\(.*\)  # (.*)$", block, re.MULTILINE)
    assert alike(done.stdout).splitlines() == [alike(comment) for comment in comments]


def test_the_pbl_toml_shown_is_read_and_has_every_key(tmp_path):
    [block] = blocks("toml", TOML)
    (tmp_path / "pbl.toml").write_text(block, encoding="utf-8")
    settings = read_settings(tmp_path / "pbl.toml")
    parts = {
        Settings: settings,
        Contract: settings.contract,
        MetricSettings: settings.metric,
    }
    for kind, part in parts.items():
        assert [field.name for field in fields(kind) if getattr(part, field.name) in (None, ())] == []
    given = {field.name for field in fields(Entry) for p in settings.pillars if getattr(p, field.name)}
    assert given == {field.name for field in fields(Entry)}


def test_the_command_reference_is_what_the_commands_take():
    assert told(COMMANDS) == reference()


def test_every_option_of_the_reference_stands_in_its_commands_help():
    for name, command in commands().items():
        shown = CliRunner().invoke(program.app, [*name.split(), "--help"], env={"COLUMNS": str(WIDTH)})
        assert shown.exit_code == 0
        words = squeezed(shown.output)
        for names, text in options(command):
            assert squeezed(names) in words
            assert squeezed(text) in words


def test_the_table_of_findings_is_the_table_of_rules():
    assert told(FINDINGS) == codes()


@pytest.mark.skipif(not (ROOT / ".git").exists(), reason="an unpacked sdist has not all that the docs speak of")
@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_every_link_leads_somewhere(page):
    for target, anchor in re.findall(r"\]\(((?!https?:)[^)#\s]*)#?([^)\s]*)\)", page.read_text(encoding="utf-8")):
        found = page.parent / target if target else page
        assert found.exists(), f"{page.name}: {target}"
        if anchor:
            assert anchor in map(anchored, headings(found)), f"{page.name}: {target}#{anchor}"


@pytest.mark.parametrize("page", PAGES, ids=lambda page: page.relative_to(ROOT).as_posix())
def test_no_page_names_a_place_on_one_machine(page):
    assert re.findall(r"(?<![\w.])/(?:home|root|tmp|work|Users)/", page.read_text(encoding="utf-8")) == []


def test_the_readme_is_short_and_begins_with_what_it_is_for_and_what_to_type():
    text = README.read_text(encoding="utf-8")
    assert text.count("\n") < LONGEST_README
    top = text.partition("\n## ")[0]
    assert all(words in top for words in ("ensembles", "make demo", "make test"))


def test_the_changelog_has_a_line_for_every_command_under_unreleased():
    text = section(CHANGELOG, "Unreleased")
    assert re.search(r"^- \S", text, re.MULTILINE)
    assert [name for name in commands() if " " not in name and f"`pbl {name}" not in text] == []


def test_the_tree_in_contributing_names_every_module():
    named = set(re.findall(r"[\w*<>]+\.py\b", section(CONTRIBUTING, "The tree")))
    assert {path.name for path in (ROOT / "src" / "pbl").glob("*.py")} - named == set()


def test_contributing_names_every_make_target():
    targets = re.findall(r"^([a-z-]+):(?! export)", (ROOT / "Makefile").read_text(encoding="utf-8"), re.MULTILINE)
    text = CONTRIBUTING.read_text(encoding="utf-8")
    assert [target for target in targets if target != "help" and f"make {target}" not in text] == []


def blocks(kind, page=README):
    """Give the page's fenced blocks of one kind."""
    return re.findall(rf"^```{kind}\n(.*?)^```$", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)


def headings(page):
    return re.findall(r"^#+ (.+)$", page.read_text(encoding="utf-8"), re.MULTILINE)


def anchored(heading):
    """Give the anchor that GitHub makes of a heading."""
    return re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-")


def section(page, name):
    """Give what stands under a heading of the second level."""
    found = re.search(rf"^## {name}$(.*?)(?=^## |\Z)", page.read_text(encoding="utf-8"), re.MULTILINE | re.DOTALL)
    assert found, f"{page.name} has no section {name!r}"
    return found[1]


def told(page):
    """Give the block or the table of a page that is made from the code."""
    text = page.read_text(encoding="utf-8")
    found = re.search(r"^```text\n(?:.*\n)*?```$|^\|.*(?:\n\|.*)*", text, re.MULTILINE)
    assert found, f"{page.name} has no block and no table"
    return found[0]


def alike(text):
    """Give text with the form only of what differs from run to run."""
    for name, pattern in VOLATILE.items():
        text = re.sub(pattern, name, text)
    return text


def squeezed(text):
    return "".join(text.split())


def commands():
    """Give all commands by name, `runs` and `runs show` alike."""

    def named(command, name):
        yield name, command
        for each, inner in getattr(command, "commands", {}).items():
            yield from named(inner, f"{name} {each}")

    return {name: command for entry in program.COMMANDS for name, command in named(program.load_command(entry), entry)}


def options(command):
    """Give a command's own options: names with what they take, and what their help says."""
    for option in command.params:
        if option.param_type_name == "option" and "--help" not in option.opts:
            names = " / ".join([", ".join(sorted(option.opts, key=len)), *option.secondary_opts])
            default = f" [default: {option.default}]" if isinstance(option.default, str) and option.default else ""
            yield f"{names} {option.metavar or ''}".strip(), f"{option.help}{default}"


def reference():
    """Give the block of all commands and options: what several have in common is told once, at the end."""
    takers = {}
    for name, command in commands().items():
        for option in options(command):
            takers.setdefault(option, []).append(name)
    groups = {}
    for option, names in takers.items():
        groups.setdefault(tuple(names), []).append(option)
    shared = {
        names: each for names, each in groups.items() if len(names) > 1 and max(len(names), len(each)) >= REPEATED
    }
    lines = []
    for name, command in commands().items():
        own = [option for option in options(command) if tuple(takers[option]) not in shared]
        lines += [f"pbl {name} {' '.join(needed(command))}".strip()]
        lines += [*wrap(summary(command), WIDTH, **indented(2)), *listed(own)]
    for names, each in shared.items():
        lines += [
            *wrap(f"{', '.join(names[:-1])} and {names[-1]} also take", WIDTH, break_on_hyphens=False),
            *listed(each),
        ]
    return "\n".join(["```text", *lines, "```"])


def needed(command):
    """Give a command's arguments, and the options that it can't do without."""
    for param in command.params:
        if param.param_type_name == "argument":
            word = re.sub(r"[^\w|]", "", param.metavar) + ("..." if param.nargs < 0 else "")
            yield word if param.required else f"[{word}]"
    yield from (f"{max(p.opts, key=len)} {p.metavar}" for p in command.params if p.opts[0][0] == "-" and p.required)


def summary(command):
    """Give the first words of a command's help, up to what they are explained with."""
    return " ".join(re.split(r"[.:;,](?=\s|$)", command.help)[0].split())


def listed(rows):
    wide = max((len(names) for names, _ in rows), default=0)
    for names, text in rows:
        yield from wrap(f"{names:<{wide}}  {text}", WIDTH, **indented(4, hanging=wide + 6))


def indented(by, *, hanging=None):
    return {"initial_indent": " " * by, "subsequent_indent": " " * (hanging or by)}


def codes():
    """Give the table of findings."""
    rows = [
        f"| {r.code} | {r.name}{'' if r.severity is Severity.ERROR else f' ({r.severity})'} | {r.hint} |"
        for r in RULES.values()
    ]
    return "\n".join(["| code | name | what to do |", "|---|---|---|", *rows])
